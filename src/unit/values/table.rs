//! Which keys have which values, as of systemd 252 and what newer ones add (systemd.unit(5), systemd.service(5), systemd.socket(5),
//! systemd.timer(5), systemd.exec(5), systemd.kill(5), systemd.resource-control(5)). Keys whose values a newer systemd may take otherwise
//! are left out.

use super::grammar::Count;

/// What the values of a key are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// Yes or no, or one of these words.
    Switch(&'static [&'static str]),
    /// One of these words.
    Word(&'static str),
    /// One of these words, or a number from and to these.
    Number(i64, i64, &'static str),
    /// Several of these words, all of which a `~` in front takes out; what begins otherwise than this is not looked at.
    Words(&'static str, &'static str),
    /// A span of time.
    Span,
    /// A point of a calendar.
    Calendar,
    /// Octal digits.
    Mode,
    /// A size in bytes.
    Size,
    /// A size in bytes, a percentage, or `infinity`.
    Memory,
    /// A percentage.
    Percentage,
    /// A number, a percentage, or `infinity`.
    Share,
    /// A limit of setrlimit(2).
    Limit(Count),
    /// A signal.
    Signal,
    /// Several exit statuses.
    Statuses,
    /// One of these words, or what follows one of these beginnings.
    Stream(&'static str, &'static [&'static str]),
    /// An absolute path, behind `|` and `!`.
    PathOfCondition,
    /// The name of a slice.
    Slice,
    /// Folders below one of systemd's own: neither absolute nor with `..`.
    Below,
    /// Absolute paths, behind `-` and `+`.
    Paths,
}

/// Each sort with its keys; `Service.Type` is a key of one section only.
pub(super) const TABLE: &[(Sort, &str)] = &[
    (
        Sort::Switch(&[]),
        "Accept AllowIsolate BlockIOAccounting Broadcast CPUAccounting CPUSchedulingResetOnFork DefaultDependencies DynamicUser \
         FixedRandomDelay FlushPending ForceUnmount FreeBind GuessMainPID IOAccounting IPAccounting IgnoreOnIsolate IgnoreSIGPIPE \
         KeepAlive LazyUnmount LockPersonality MakeDirectory MemoryAccounting MemoryDenyWriteExecute MountAPIVFS NoDelay NoNewPrivileges \
         NonBlocking OnClockChange OnFailureIsolate OnTimezoneChange PassCredentials PassPacketInfo PassSecurity PermissionsStartOnly \
         Persistent PrivateDevices PrivateIPC PrivateMounts PrivateNetwork ProtectClock ProtectKernelLogs ProtectKernelModules \
         ProtectKernelTunables RefuseManualStart RefuseManualStop RemainAfterElapse RemainAfterExit RemoveIPC RemoveOnStop \
         RestrictRealtime RestrictSUIDSGID ReusePort RootDirectoryStartOnly SELinuxContextFromNet SendSIGHUP SendSIGKILL SloppyOptions \
         StopWhenUnneeded SyslogLevelPrefix TTYReset TTYVHangup TTYVTDisallocate TasksAccounting Transparent WakeSystem Writable",
    ),
    (Sort::Switch(&["disconnected"]), "PrivateTmp"),
    (Sort::Switch(&["read-only", "tmpfs"]), "ProtectHome"),
    (Sort::Switch(&["full", "strict"]), "ProtectSystem"),
    (Sort::Switch(&["private", "strict"]), "ProtectControlGroups"),
    (Sort::Switch(&["self", "identity", "full", "managed"]), "PrivateUsers"),
    (Sort::Switch(&["restart"]), "RuntimeDirectoryPreserve"),
    (
        Sort::Span,
        "AccuracySec CPUQuotaPeriodSec DeferAcceptSec JobRunningTimeoutSec JobTimeoutSec KeepAliveIntervalSec KeepAliveTimeSec \
         LogRateLimitIntervalSec OnActiveSec OnBootSec OnStartupSec OnUnitActiveSec OnUnitInactiveSec PollLimitIntervalSec \
         RandomizedDelaySec RestartMaxDelaySec RestartSec RuntimeMaxSec RuntimeRandomizedExtraSec StartLimitInterval \
         StartLimitIntervalSec TimeoutAbortSec TimeoutCleanSec TimeoutIdleSec TimeoutSec TimeoutStartSec TimeoutStopSec \
         TriggerLimitIntervalSec WatchdogSec",
    ),
    (Sort::Calendar, "OnCalendar"),
    (
        Sort::Mode,
        "CacheDirectoryMode ConfigurationDirectoryMode DirectoryMode LogsDirectoryMode RuntimeDirectoryMode SocketMode \
         StateDirectoryMode UMask",
    ),
    (Sort::Size, "PipeSize ReceiveBuffer SendBuffer"),
    (
        Sort::Memory,
        "DefaultMemoryLow DefaultMemoryMin MemoryHigh MemoryLow MemoryMax MemoryMin MemorySwapMax MemoryZSwapMax",
    ),
    (Sort::Percentage, "CPUQuota"),
    (Sort::Share, "TasksMax"),
    (
        Sort::Limit(Count::Bytes),
        "LimitAS LimitCORE LimitDATA LimitFSIZE LimitMEMLOCK LimitMSGQUEUE LimitRSS LimitSTACK",
    ),
    (Sort::Limit(Count::Number), "LimitLOCKS LimitNOFILE LimitNPROC LimitRTPRIO LimitSIGPENDING"),
    (Sort::Limit(Count::Time), "LimitCPU LimitRTTIME"),
    (Sort::Limit(Count::Nice), "LimitNICE"),
    (Sort::Number(-20, 19, ""), "Nice"),
    (Sort::Number(-1000, 1000, ""), "OOMScoreAdjust"),
    (Sort::Number(1, 99, ""), "CPUSchedulingPriority"),
    (Sort::Number(0, 7, ""), "IOSchedulingPriority"),
    (Sort::Number(1, 10_000, "idle"), "CPUWeight StartupCPUWeight"),
    (Sort::Number(1, 10_000, ""), "IOWeight StartupIOWeight"),
    (Sort::Number(2, 262_144, ""), "CPUShares StartupCPUShares"),
    (Sort::Number(10, 1000, ""), "BlockIOWeight StartupBlockIOWeight"),
    (
        Sort::Number(0, 4_294_967_295, ""),
        "Backlog FileDescriptorStoreMax KeepAliveProbes LogRateLimitBurst MaxConnections MaxConnectionsPerSource PollLimitBurst \
         RestartSteps StartLimitBurst TriggerLimitBurst",
    ),
    (Sort::Number(0, 255, ""), "FailureActionExitStatus SuccessActionExitStatus"),
    (Sort::Number(0, 3, "none realtime best-effort idle"), "IOSchedulingClass"),
    (Sort::Number(0, 7, "emerg alert crit err warning notice info debug"), "LogLevelMax SyslogLevel"),
    (
        Sort::Number(
            0,
            23,
            "kern user mail daemon auth syslog lpr news uucp cron authpriv ftp local0 local1 local2 local3 local4 local5 local6 local7",
        ),
        "SyslogFacility",
    ),
    (Sort::Number(0, 7, "other batch idle fifo rr ext"), "CPUSchedulingPolicy"),
    (Sort::Word("simple exec forking oneshot dbus notify notify-reload idle"), "Service.Type"),
    (Sort::Word("no always on-success on-failure on-abnormal on-watchdog on-abort"), "Restart"),
    (Sort::Word("normal direct debug"), "RestartMode"),
    (Sort::Word("control-group mixed process none"), "KillMode"),
    (Sort::Word("main cgroup"), "ExitType"),
    (Sort::Word("none main exec all"), "NotifyAccess"),
    (Sort::Word("continue stop kill"), "OOMPolicy"),
    (Sort::Word("terminate abort kill"), "TimeoutStartFailureMode TimeoutStopFailureMode"),
    (Sort::Word("inactive inactive-or-failed"), "CollectMode"),
    (Sort::Word("auto closed strict"), "DevicePolicy"),
    (Sort::Word("noaccess invisible ptraceable default"), "ProtectProc"),
    (Sort::Word("all pid"), "ProcSubset"),
    (Sort::Word("inherit private shared"), "KeyringMode"),
    (Sort::Word("init login user"), "UtmpMode"),
    (Sort::Word("auto kill"), "ManagedOOMMemoryPressure ManagedOOMSwap"),
    (Sort::Word("none avoid omit"), "ManagedOOMPreference"),
    (Sort::Word("default both ipv6-only"), "BindIPv6Only"),
    (
        Sort::Word("fail replace replace-irreversibly isolate flush ignore-dependencies ignore-requirements"),
        "OnFailureJobMode OnSuccessJobMode",
    ),
    (
        Sort::Word(
            "none reboot reboot-force reboot-immediate poweroff poweroff-force poweroff-immediate exit exit-force soft-reboot \
             soft-reboot-force kexec kexec-force halt halt-force halt-immediate",
        ),
        "FailureAction JobTimeoutAction StartLimitAction SuccessAction",
    ),
    (
        Sort::Words("", "keep-caps keep-caps-locked no-setuid-fixup no-setuid-fixup-locked noroot noroot-locked"),
        "SecureBits",
    ),
    (
        Sort::Words(
            "AF_",
            "AF_ALG AF_APPLETALK AF_ASH AF_ATMPVC AF_ATMSVC AF_AX25 AF_BLUETOOTH AF_BRIDGE AF_CAIF AF_CAN AF_DECnet AF_ECONET AF_FILE \
             AF_IB AF_IEEE802154 AF_INET AF_INET6 AF_IPX AF_IRDA AF_ISDN AF_IUCV AF_KCM AF_KEY AF_LLC AF_LOCAL AF_MCTP AF_MPLS \
             AF_NETBEUI AF_NETLINK AF_NETROM AF_NFC AF_PACKET AF_PHONET AF_PPPOX AF_QIPCRTR AF_RDS AF_ROSE AF_ROUTE AF_RXRPC \
             AF_SECURITY AF_SMC AF_SNA AF_TIPC AF_UNIX AF_VSOCK AF_WANPIPE AF_X25 AF_XDP",
        ),
        "RestrictAddressFamilies",
    ),
    (
        Sort::Words(
            "CAP_",
            "CAP_AUDIT_CONTROL CAP_AUDIT_READ CAP_AUDIT_WRITE CAP_BLOCK_SUSPEND CAP_BPF CAP_CHECKPOINT_RESTORE CAP_CHOWN \
             CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_FSETID CAP_IPC_LOCK CAP_IPC_OWNER CAP_KILL CAP_LEASE \
             CAP_LINUX_IMMUTABLE CAP_MAC_ADMIN CAP_MAC_OVERRIDE CAP_MKNOD CAP_NET_ADMIN CAP_NET_BIND_SERVICE CAP_NET_BROADCAST \
             CAP_NET_RAW CAP_PERFMON CAP_SETFCAP CAP_SETGID CAP_SETPCAP CAP_SETUID CAP_SYSLOG CAP_SYS_ADMIN CAP_SYS_BOOT \
             CAP_SYS_CHROOT CAP_SYS_MODULE CAP_SYS_NICE CAP_SYS_PACCT CAP_SYS_PTRACE CAP_SYS_RAWIO CAP_SYS_RESOURCE CAP_SYS_TIME \
             CAP_SYS_TTY_CONFIG CAP_WAKE_ALARM",
        ),
        "AmbientCapabilities CapabilityBoundingSet",
    ),
    (
        Sort::Words(
            "@",
            "@aio @basic-io @chown @clock @cpu-emulation @debug @default @file-system @io-event @ipc @keyring @known @memlock @module \
             @mount @network-io @obsolete @pkey @privileged @process @raw-io @reboot @resources @sandbox @setuid @signal @swap @sync \
             @system-service @timer",
        ),
        "SystemCallFilter SystemCallLog",
    ),
    (
        Sort::Words(
            "",
            "native alpha arm arm64 arc arc-be ia64 loongarch64 m68k mips mips-le mips64 mips64-le mips64-le-n32 mips64-n32 parisc \
             parisc64 ppc ppc64 ppc64-le riscv32 riscv64 s390 s390x sh sh64 sparc sparc64 tilegx x32 x86 x86-64",
        ),
        "SystemCallArchitectures",
    ),
    (Sort::Signal, "FinalKillSignal KillSignal ReloadSignal RestartKillSignal WatchdogSignal"),
    (Sort::Statuses, "RestartForceExitStatus RestartPreventExitStatus SuccessExitStatus"),
    (
        Sort::Stream(
            "inherit null tty journal kmsg journal+console kmsg+console syslog syslog+console socket fd",
            &["file:", "append:", "truncate:", "fd:"],
        ),
        "StandardError StandardOutput",
    ),
    (Sort::Stream("null tty tty-force tty-fail data socket fd", &["file:", "fd:"]), "StandardInput"),
    (
        Sort::PathOfCondition,
        "AssertDirectoryNotEmpty AssertFileIsExecutable AssertFileNotEmpty AssertPathExists AssertPathExistsGlob AssertPathIsDirectory \
         AssertPathIsEncrypted AssertPathIsMountPoint AssertPathIsReadWrite AssertPathIsSymbolicLink ConditionDirectoryNotEmpty \
         ConditionFileIsExecutable ConditionFileNotEmpty ConditionPathExists ConditionPathExistsGlob ConditionPathIsDirectory \
         ConditionPathIsEncrypted ConditionPathIsMountPoint ConditionPathIsReadWrite ConditionPathIsSymbolicLink",
    ),
    (Sort::Slice, "Slice"),
    (Sort::Below, "CacheDirectory ConfigurationDirectory LogsDirectory RuntimeDirectory StateDirectory"),
    (Sort::Paths, "InaccessibleDirectories ReadOnlyDirectories ReadWriteDirectories RootDirectory RootImage"),
];

/// What the values of a key are, where that is known.
pub(super) fn sort_of(section: &str, key: &str) -> Option<Sort> {
    let own = format!("{section}.{key}");
    let has = |keys: &str| keys.split_whitespace().any(|known| known == key || known == own);
    TABLE.iter().find(|(_, keys)| has(keys)).map(|(sort, _)| *sort)
}
