//! Changes through the Nautes API: one at a time, and two seconds apart, because it names the
//! folders that it works in by the second.

use std::time::Duration;

use hyper::Method;
use serde_json::Value;

use super::{BASE, Id, Refusal, TRIES, refusal};
use crate::service::{Answer, Api, ServiceError};

/// The least time between two changes.
pub const APART: Duration = Duration::from_secs(2);

/// Whether the API looks at what an object needs and what needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// It does.
    Dependencies,
    /// It does not: `insecure_skip_check`. It has nothing to do with TLS.
    Nothing,
}

/// Why a change was not made.
#[derive(Clone, Debug)]
pub struct Unmade {
    /// What kind of refusal it was; `None` if there was no answer.
    pub refusal: Option<Refusal>,
    /// What to tell.
    pub error: ServiceError,
}

/// Makes changes, one at a time.
pub struct Writer {
    api: Api,
    check: Check,
    /// When the last call was answered, on the clock of the API's reader.
    last: Option<Duration>,
}

impl Writer {
    /// Through an API.
    pub const fn new(api: Api, check: Check) -> Self {
        Self {
            api,
            check,
            last: None,
        }
    }

    /// Creates or replaces an object.
    ///
    /// # Errors
    /// There was no answer, or a refusal.
    pub async fn save(&mut self, id: &Id, body: &Value) -> Result<(), Unmade> {
        self.change(Method::POST, id, Some(body)).await
    }

    /// Deletes an object; `false` if it was not there.
    ///
    /// # Errors
    /// There was no answer, or a refusal.
    pub async fn delete(&mut self, id: &Id) -> Result<bool, Unmade> {
        match self.change(Method::DELETE, id, None).await {
            Ok(()) => Ok(true),
            Err(Unmade {
                refusal: Some(Refusal::Absent),
                ..
            }) => Ok(false),
            Err(other) => Err(other),
        }
    }

    async fn change(
        &mut self,
        method: Method,
        id: &Id,
        body: Option<&Value>,
    ) -> Result<(), Unmade> {
        let skip = match self.check {
            Check::Dependencies => "",
            Check::Nothing => "?insecure_skip_check=true",
        };
        let path = format!("{BASE}{}{skip}", id.path());
        let mut left = TRIES;
        loop {
            let answer = self.paced(method.clone(), &path, body).await;
            let answer = answer.map_err(|error| Unmade {
                refusal: None,
                error,
            })?;
            if answer.code == 200 {
                return Ok(());
            }
            left -= 1;
            match refusal(&answer) {
                Refusal::Busy if left > 0 => {}
                told => {
                    // What is missing once the object is gone is the object itself.
                    let told = match told {
                        Refusal::Missing if method == Method::DELETE => Refusal::Needed,
                        told => told,
                    };
                    let asked = (method.as_str(), path.as_str());
                    let error = told.error(asked, self.api.reader(), &answer);
                    return Err(Unmade {
                        refusal: Some(told),
                        error,
                    });
                }
            }
        }
    }

    /// One call, as long after the one before as the API needs.
    async fn paced(
        &mut self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, ServiceError> {
        let clock = self.api.reader().clock().clone();
        // What was read just before took a folder of its second, too.
        let since = match self.last {
            Some(last) => clock.elapsed().saturating_sub(last),
            None => Duration::ZERO,
        };
        clock.sleep(APART.saturating_sub(since)).await;
        let answer = self.api.send(method, path, body).await;
        self.last = Some(clock.elapsed());
        answer
    }
}
