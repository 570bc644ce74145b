//! A rehearsed run has one thread: the estate's clock moves when nobody has anything to do, and a
//! second thread's TLS handshake looks, to the first, like nothing.

use std::future::Future;

use crate::commands::Failed;
use crate::diagnostic::Diagnostic;

/// Carries out a run on a thread of its own, everything that it spawns too.
pub async fn alone<F>(work: F) -> Result<F::Output, Failed>
where
    F: Future<Output: Send> + Send + 'static,
{
    let carried_out = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let ended = runtime.block_on(work);
        // Streams that nobody reads any more must not hold the run.
        runtime.shutdown_background();
        Ok::<_, std::io::Error>(ended)
    });
    let failed = |why: String| {
        Diagnostic::error("rehearsal/broken-off", "the rehearsal broke off")
            .why(why)
            .help("this is a defect of the program: report it with the inventory")
    };
    match carried_out.await {
        Ok(Ok(ended)) => Ok(ended),
        Ok(Err(error)) => Err(failed(error.to_string()).into()),
        Err(error) => Err(failed(error.to_string()).into()),
    }
}
