//! Steady admission: to see that none fails that should not, and none passes that must not, while
//! something else goes on.

use super::access::Access;
use super::wait::until;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, PostParams};
use serde_json::json;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// Between two pods of one worker: the machine has other things to do.
const PAUSE: Duration = Duration::from_millis(10);

/// Workers that create pods as dry runs, every second one privileged.
pub struct Load {
    state: Arc<State>,
    workers: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    stop: AtomicBool,
    answered: AtomicUsize,
    wrong: Mutex<Vec<String>>,
}

impl Load {
    /// Starts workers in a tenant's namespace, where privileged pods must be refused and others
    /// must not.
    pub fn start(access: &Access, namespace: &str, workers: usize) -> Self {
        let state = Arc::new(State::default());
        let worker = |_| {
            let (access, namespace, state) =
                (access.clone(), namespace.to_owned(), Arc::clone(&state));
            std::thread::spawn(move || {
                let runtime =
                    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(work(&access, &namespace, &state));
            })
        };
        let workers = (0..workers).map(worker).collect();
        Self { state, workers }
    }

    /// How many pods were judged so far.
    pub fn answered(&self) -> usize {
        self.state.answered.load(Ordering::Relaxed)
    }

    /// Waits until so many more pods are judged.
    pub fn judge(&self, more: usize) {
        let wanted = self.answered() + more;
        until("pods are judged", || {
            if self.answered() >= wanted {
                Ok(())
            } else {
                Err(format!("{} of {wanted}", self.answered()))
            }
        });
    }

    /// Stops; gives what was answered wrongly.
    pub fn end(mut self) -> Vec<String> {
        self.stop();
        std::mem::take(&mut self.state.wrong.lock().unwrap())
    }

    fn stop(&mut self) {
        self.state.stop.store(true, Ordering::Relaxed);
        for worker in self.workers.drain(..) {
            let _ = worker.join();
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn work(access: &Access, namespace: &str, state: &State) {
    let pods = Api::<Pod>::namespaced(access.client().await, namespace);
    let dry_run = PostParams { dry_run: true, ..PostParams::default() };
    let pod = |name: &str, privileged: bool| -> Pod {
        let container = json!({"name": "c", "image": "example.com/c:1", "securityContext": {"privileged": privileged}});
        serde_json::from_value(
            json!({"metadata": {"name": name}, "spec": {"containers": [container]}}),
        )
        .unwrap()
    };
    while !state.stop.load(Ordering::Relaxed) {
        for (name, privileged) in [("good", false), ("bad", true)] {
            let answer = pods.create(&dry_run, &pod(name, privileged)).await;
            let right = match &answer {
                Ok(_) => !privileged,
                Err(error) => privileged && error.to_string().contains("security/privileged"),
            };
            if !right {
                let answer =
                    answer.map_or_else(|error| error.to_string(), |_| "admitted".to_owned());
                state.wrong.lock().unwrap().push(format!("{name}: {answer}"));
            }
            state.answered.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(PAUSE).await;
        }
    }
}
