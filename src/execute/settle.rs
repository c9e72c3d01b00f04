//! What helps against a daemon that does not find a layer which it has just written.

/// Has the kernel write everything that waits in memory to the disks (sync(2)). It may take as long as a slow disk does.
pub async fn settle() {
    // A worker that ended early has synchronised nothing: the next try says so.
    let _ = tokio::task::spawn_blocking(rustix::fs::sync).await;
}
