//! The keys that systemd knows in each section of a unit, as of systemd 260 and those of old that it still takes. It passes over any
//! other with a warning that is not seen.

use crate::util::toml::nearest;

/// `[Unit]` of every kind (systemd.unit(5)).
const UNIT: &str = "\
    After AllowIsolate AssertACPower AssertArchitecture AssertCPUFeature AssertCPUPressure AssertCPUs AssertCapability \
    AssertControlGroupController AssertCredential AssertDirectoryNotEmpty AssertEnvironment AssertFileIsExecutable \
    AssertFileNotEmpty AssertFirmware AssertFirstBoot AssertFraction AssertGroup AssertHost AssertIOPressure \
    AssertKernelCommandLine AssertKernelModuleLoaded AssertKernelVersion AssertMemory AssertMemoryPressure AssertNeedsUpdate \
    AssertOSRelease AssertPathExists AssertPathExistsGlob AssertPathIsDirectory AssertPathIsEncrypted AssertPathIsMountPoint \
    AssertPathIsReadWrite AssertPathIsSymbolicLink AssertSecurity AssertUser AssertVersion AssertVirtualization Before BindTo \
    BindsTo CollectMode ConditionACPower ConditionArchitecture ConditionCPUFeature ConditionCPUPressure ConditionCPUs \
    ConditionCapability ConditionControlGroupController ConditionCredential ConditionDirectoryNotEmpty ConditionEnvironment \
    ConditionFileIsExecutable ConditionFileNotEmpty ConditionFirmware ConditionFirstBoot ConditionFraction ConditionGroup \
    ConditionHost ConditionIOPressure ConditionKernelCommandLine ConditionKernelModuleLoaded ConditionKernelVersion \
    ConditionMemory ConditionMemoryPressure ConditionNeedsUpdate ConditionOSRelease ConditionPathExists \
    ConditionPathExistsGlob ConditionPathIsDirectory ConditionPathIsEncrypted ConditionPathIsMountPoint \
    ConditionPathIsReadWrite ConditionPathIsSymbolicLink ConditionSecurity ConditionUser ConditionVersion \
    ConditionVirtualization Conflicts DebugInvocation DefaultDependencies Description Documentation FailureAction \
    FailureActionExitStatus IgnoreOnIsolate IgnoreOnSnapshot JobRunningTimeoutSec JobTimeoutAction JobTimeoutRebootArgument \
    JobTimeoutSec JoinsNamespaceOf OnFailure OnFailureIsolate OnFailureJobMode OnSuccess OnSuccessJobMode PartOf \
    PropagateReloadFrom PropagateReloadTo PropagatesReloadTo PropagatesStopTo RebootArgument RefuseManualStart \
    RefuseManualStop ReloadPropagatedFrom Requires RequiresMountsFor RequiresOverridable Requisite RequisiteOverridable \
    SourcePath StartLimitAction StartLimitBurst StartLimitInterval StartLimitIntervalSec StopPropagatedFrom StopWhenUnneeded \
    SuccessAction SuccessActionExitStatus SurviveFinalKillSignal Upholds Wants WantsMountsFor";

/// `[Install]` of every kind (systemd.unit(5)).
const INSTALL: &str = "\
    Alias Also DefaultInstance RequiredBy UpheldBy WantedBy";

/// What starts programs (systemd.exec(5), systemd.kill(5)).
const RUNS: &str = "\
    AmbientCapabilities AppArmorProfile BPFDelegateAttachments BPFDelegateCommands BPFDelegateMaps BPFDelegatePrograms \
    BindLogSockets BindPaths BindReadOnlyPaths CPUAffinity CPUSchedulingPolicy CPUSchedulingPriority CPUSchedulingResetOnFork \
    CacheDirectory CacheDirectoryAccounting CacheDirectoryMode CacheDirectoryQuota Capabilities CapabilityBoundingSet \
    ConfigurationDirectory ConfigurationDirectoryMode CoredumpFilter DelegateNamespaces DynamicUser Environment \
    EnvironmentFile ExecPaths ExecSearchPath ExtensionDirectories ExtensionImagePolicy ExtensionImages FinalKillSignal Group \
    IOSchedulingClass IOSchedulingPriority IPCNamespacePath IgnoreSIGPIPE ImportCredential InaccessibleDirectories \
    InaccessiblePaths KeyringMode KillMode KillSignal LandlockConfig LimitAS LimitCORE LimitCPU LimitDATA LimitFSIZE \
    LimitLOCKS LimitMEMLOCK LimitMSGQUEUE LimitNICE LimitNOFILE LimitNPROC LimitRSS LimitRTPRIO LimitRTTIME LimitSIGPENDING \
    LimitSTACK LoadCredential LoadCredentialEncrypted LockPersonality LogExtraFields LogFilterPatterns LogLevelMax \
    LogNamespace LogRateLimitBurst LogRateLimitIntervalSec LogsDirectory LogsDirectoryAccounting LogsDirectoryMode \
    LogsDirectoryQuota MemoryDenyWriteExecute MemoryKSM MemoryTHP MountAPIVFS MountFlags MountImagePolicy MountImages NUMAMask \
    NUMAPolicy NetworkNamespacePath Nice NoExecPaths NoNewPrivileges OOMScoreAdjust PAMName PassEnvironment Personality \
    PrivateBPF PrivateDevices PrivateIPC PrivateMounts PrivateNetwork PrivatePIDs PrivateTmp PrivateUsers ProcSubset \
    ProtectClock ProtectControlGroups ProtectHome ProtectHostname ProtectKernelLogs ProtectKernelModules ProtectKernelTunables \
    ProtectProc ProtectSystem ReadOnlyDirectories ReadOnlyPaths ReadWriteDirectories ReadWritePaths RemoveIPC \
    RestartKillSignal RestrictAddressFamilies RestrictFileSystems RestrictNamespaces RestrictRealtime RestrictSUIDSGID \
    RootDirectory RootEphemeral RootHash RootHashSignature RootImage RootImageOptions RootImagePolicy RootVerity \
    RuntimeDirectory RuntimeDirectoryMode RuntimeDirectoryPreserve SELinuxContext SecureBits SendSIGHUP SendSIGKILL \
    SetCredential SetCredentialEncrypted SetLoginEnvironment SmackProcessLabel StandardError StandardInput StandardInputData \
    StandardInputText StandardOutput StateDirectory StateDirectoryAccounting StateDirectoryMode StateDirectoryQuota \
    SupplementaryGroups SyslogFacility SyslogIdentifier SyslogLevel SyslogLevelPrefix SystemCallArchitectures \
    SystemCallErrorNumber SystemCallFilter SystemCallLog TTYColumns TTYPath TTYReset TTYRows TTYVHangup TTYVTDisallocate \
    TemporaryFileSystem TimeoutCleanSec TimeoutSec TimerSlackNSec UMask UnsetEnvironment User UserNamespacePath UtmpIdentifier \
    UtmpMode WatchdogSignal WorkingDirectory";

/// What has processes (systemd.resource-control(5)).
const RESOURCES: &str = "\
    AllowedCPUs AllowedMemoryNodes BPFProgram BlockIOAccounting BlockIODeviceWeight BlockIOReadBandwidth BlockIOWeight \
    BlockIOWriteBandwidth CPUAccounting CPUPressureThresholdSec CPUPressureWatch CPUQuota CPUQuotaPeriodSec CPUSetPartition \
    CPUShares CPUWeight CoredumpReceive DefaultMemoryLow DefaultMemoryMin DefaultStartupMemoryLow Delegate DelegateSubgroup \
    DeviceAllow DevicePolicy DisableControllers IOAccounting IODeviceLatencyTargetSec IODeviceWeight IOPressureThresholdSec \
    IOPressureWatch IOReadBandwidthMax IOReadIOPSMax IOWeight IOWriteBandwidthMax IOWriteIOPSMax IPAccounting IPAddressAllow \
    IPAddressDeny IPEgressFilterPath IPIngressFilterPath ManagedOOMMemoryPressure ManagedOOMMemoryPressureDurationSec \
    ManagedOOMMemoryPressureLimit ManagedOOMPreference ManagedOOMSwap MemoryAccounting MemoryHigh MemoryLimit MemoryLow \
    MemoryMax MemoryMin MemoryPressureThresholdSec MemoryPressureWatch MemorySwapMax MemoryZSwapMax MemoryZSwapWriteback \
    NFTSet NetClass RestrictNetworkInterfaces Slice SocketBindAllow SocketBindDeny StartupAllowedCPUs \
    StartupAllowedMemoryNodes StartupBlockIOWeight StartupCPUShares StartupCPUWeight StartupIOWeight StartupMemoryHigh \
    StartupMemoryLow StartupMemoryMax StartupMemorySwapMax StartupMemoryZSwapMax TasksAccounting TasksMax";

/// `[Service]` beyond these.
const SERVICE: &str = "\
    BusName BusPolicy ExecCondition ExecReload ExecReloadPost ExecStart ExecStartPost ExecStartPre ExecStop ExecStopPost \
    ExitType ExtraFileDescriptors FailureAction FileDescriptorStoreMax FileDescriptorStorePreserve GuessMainPID NonBlocking \
    NotifyAccess OOMPolicy OpenFile PIDFile PermissionsStartOnly RebootArgument RefreshOnReload ReloadSignal RemainAfterExit \
    Restart RestartForceExitStatus RestartMaxDelaySec RestartMode RestartPreventExitStatus RestartSec RestartSteps \
    RootDirectoryStartOnly RuntimeMaxSec RuntimeRandomizedExtraSec Sockets StartLimitAction StartLimitBurst StartLimitInterval \
    SuccessExitStatus SysVStartPriority TimeoutAbortSec TimeoutStartFailureMode TimeoutStartSec TimeoutStopFailureMode \
    TimeoutStopSec Type USBFunctionDescriptors USBFunctionStrings WatchdogSec";

/// `[Socket]` beyond these.
const SOCKET: &str = "\
    Accept AcceptFileDescriptors Backlog BindIPv6Only BindToDevice Broadcast DeferAcceptSec DeferTrigger DeferTriggerMaxSec \
    DirectoryMode ExecStartPost ExecStartPre ExecStopPost ExecStopPre FileDescriptorName FlushPending FreeBind IPTOS IPTTL \
    KeepAlive KeepAliveIntervalSec KeepAliveProbes KeepAliveTimeSec ListenDatagram ListenFIFO ListenMessageQueue ListenNetlink \
    ListenSequentialPacket ListenSpecial ListenStream ListenUSBFunction Mark MaxConnections MaxConnectionsPerSource \
    MessageQueueMaxMessages MessageQueueMessageSize NoDelay PassCredentials PassFileDescriptorsToExec PassPIDFD PassPacketInfo \
    PassSecurity PipeSize PollLimitBurst PollLimitIntervalSec Priority ReceiveBuffer RemoveOnStop ReusePort \
    SELinuxContextFromNet SendBuffer Service SmackLabel SmackLabelIPIn SmackLabelIPOut SocketGroup SocketMode SocketProtocol \
    SocketUser Symlinks TCPCongestion Timestamping Transparent TriggerLimitBurst TriggerLimitIntervalSec Writable XAttrAccept \
    XAttrEntryPoint XAttrListen";

/// `[Timer]`.
const TIMER: &str = "\
    AccuracySec DeferReactivation FixedRandomDelay OnActiveSec OnBootSec OnCalendar OnClockChange OnStartupSec \
    OnTimezoneChange OnUnitActiveSec OnUnitInactiveSec Persistent RandomizedDelaySec RandomizedOffsetSec RemainAfterElapse \
    Unit WakeSystem";

/// `[Path]`.
const PATH: &str = "\
    DirectoryMode DirectoryNotEmpty MakeDirectory PathChanged PathExists PathExistsGlob PathModified TriggerLimitBurst \
    TriggerLimitIntervalSec Unit";

/// `[Mount]` beyond these.
const MOUNT: &str = "\
    DirectoryMode ForceUnmount LazyUnmount Options ReadWriteOnly SloppyOptions Type What Where";

/// `[Automount]`.
const AUTOMOUNT: &str = "\
    DirectoryMode ExtraOptions TimeoutIdleSec Where";

/// `[Swap]` beyond these.
const SWAP: &str = "\
    Options Priority What";

/// `[Slice]` beyond these.
const SLICE: &str = "\
    ConcurrencyHardMax ConcurrencySoftMax";

/// The keys of a section; none of one that is not known.
fn of(section: &str) -> impl Iterator<Item = &'static str> {
    let lists: &[&'static str] = match section {
        "Unit" => &[UNIT],
        "Install" => &[INSTALL],
        "Service" => &[SERVICE, RUNS, RESOURCES],
        "Socket" => &[SOCKET, RUNS, RESOURCES],
        "Mount" => &[MOUNT, RUNS, RESOURCES],
        "Swap" => &[SWAP, RUNS, RESOURCES],
        "Slice" => &[SLICE, RESOURCES],
        "Timer" => &[TIMER],
        "Path" => &[PATH],
        "Automount" => &[AUTOMOUNT],
        _ => &[],
    };
    lists.iter().flat_map(|list| list.split(' ')).filter(|word| !word.is_empty())
}

/// Whether systemd knows a key in a section. One that begins with `X-` is for others.
pub(super) fn knows(section: &str, key: &str) -> bool {
    key.starts_with("X-") || of(section).any(|known| known == key)
}

/// What is wrong with a key that systemd does not know in `section`, where the unit may have these `sections`.
pub(super) fn unknown(section: &str, key: &str, sections: &[&str]) -> String {
    let said = format!("`{}=` is no key of [{section}]", key.escape_debug());
    if let Some(other) = sections.iter().find(|other| of(other).any(|known| known == key)) {
        return format!("{said}, it belongs into [{other}]");
    }
    match nearest(key, of(section)) {
        Some(near) => format!("{said}, did you mean {near}=?"),
        None => format!("{said} that systemd knows"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_known_where_they_belong() {
        for (section, key) in [
            ("Service", "ReadWritePaths"),
            ("Service", "CPUQuota"),
            ("Service", "RestartMode"),
            ("Slice", "CPUQuota"),
            ("Unit", "StartLimitBurst"),
            ("Service", "StartLimitInterval"),
            ("Install", "UpheldBy"),
            ("Service", "X-Own"),
            ("Timer", "Unit"),
        ] {
            assert!(knows(section, key), "{section} {key}");
        }
        for (section, key) in
            [("Service", "Retsart"), ("Service", "After"), ("Slice", "User"), ("Unit", "unit"), ("X", "A")]
        {
            assert!(!knows(section, key), "{section} {key}");
        }
    }

    #[test]
    fn what_is_meant_is_said() {
        let sections = ["Unit", "Service", "Install"];
        assert_eq!(
            unknown("Service", "ReadWritePath", &sections),
            "`ReadWritePath=` is no key of [Service], did you mean ReadWritePaths=?"
        );
        assert_eq!(unknown("Service", "After", &sections), "`After=` is no key of [Service], it belongs into [Unit]");
        assert_eq!(unknown("Service", "Zzz", &sections), "`Zzz=` is no key of [Service] that systemd knows");
    }
}
