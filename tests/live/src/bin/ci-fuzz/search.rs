//! Several searches, some at once.

use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use semisync_live_tests::console::{Stop, say, seconds};
use semisync_live_tests::lock;

use crate::figures::Figures;
use crate::found::Fault;
use crate::program::{Programs, Run};

/// How often it is told how far the searches are.
const NEWS: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(200);

pub struct Search {
    pub target: String,
    /// The first one takes what is found.
    pub corpora: Vec<PathBuf>,
    pub seconds: u64,
    pub seed: u32,
}

type Ended = (Figures, Option<Fault>);

/// In the order of `searches`.
pub fn run(programs: &Programs, searches: Vec<Search>, jobs: usize) -> Result<Vec<Ended>, Stop> {
    let waiting = Mutex::new(searches.iter().enumerate().collect::<Vec<_>>());
    lock(&waiting).reverse();
    let running = Mutex::new(Vec::new());
    let ended = Mutex::new(Vec::new());
    let is_over = AtomicBool::new(false);
    let work = || {
        while let Some((nth, search)) = { lock(&waiting).pop() } {
            lock(&running).push((search.target.clone(), Instant::now()));
            let run = programs.search(&search.target, &search.corpora, search.seconds, search.seed);
            lock(&running).retain(|(target, _)| *target != search.target);
            lock(&ended).push((nth, run));
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| tell_news(programs, &running, &is_over));
        let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            worker.join().expect("a search does not panic");
        }
        is_over.store(true, Ordering::SeqCst);
    });
    let mut ended = ended.into_inner().expect("nobody panicked");
    ended.sort_by_key(|(nth, _)| *nth);
    let run = |(_, run): (usize, Result<Run, Stop>)| run.map(|run| (run.figures, run.fault));
    ended.into_iter().map(run).collect()
}

fn tell_news(programs: &Programs, running: &Mutex<Vec<(String, Instant)>>, is_over: &AtomicBool) {
    let mut told = Instant::now();
    while !is_over.load(Ordering::SeqCst) {
        thread::sleep(POLL);
        if told.elapsed() < NEWS {
            continue;
        }
        told = Instant::now();
        for (target, begun) in &*lock(running) {
            let log = fs::read(programs.log(target)).unwrap_or_default();
            let spent = begun.elapsed();
            let so_far = Figures::of(target, &String::from_utf8_lossy(&log), spent);
            let (runs, edges) = (so_far.runs, so_far.edges);
            say(format!(
                "  {}: {target}: {runs} inputs, {edges} edges",
                seconds(spent)
            ));
        }
    }
}
