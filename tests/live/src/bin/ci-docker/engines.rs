//! Which Docker engine the run uses: the one that answers, which is left as it was; or one of our
//! own, installed if need be and started.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use semisync_live_tests::console::{OnInterrupt, OrStop, Stop, say};
use semisync_live_tests::lock;

use crate::engine::Engine;
use crate::run::{Run, end_of};

const START_BOUND: Duration = Duration::from_secs(60);
/// While this file says so, the packages that are installed start no services.
const POLICY: &str = "/usr/sbin/policy-rc.d";

pub fn find_or_start(run: &Run) -> Result<(), Stop> {
    if !is_installed("docker") {
        install(run, "docker client")?;
    }
    if let Some(version) = run.engine_version() {
        say(format!("one answers: {version}; it is left running"));
        return Ok(());
    }
    let version = start(run)?;
    let work = run.work().display();
    say(format!(
        "started one: {version}, in {work}; it ends with this program"
    ));
    Ok(())
}

fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

fn is_root() -> bool {
    // SAFETY: the call takes no arguments and cannot fail.
    unsafe { libc::geteuid() == 0 }
}

fn install(run: &Run, missing: &str) -> Result<(), Stop> {
    if !is_root() {
        let reason = format!("there is no {missing} on this machine, and only root can install it");
        return Err(Stop::failed(reason).remedy("install Docker, or run ci/docker as root"));
    }
    if !is_installed("apt-get") {
        let reason = format!("there is no {missing} on this machine, and no apt-get to install it");
        return Err(Stop::failed(reason).remedy("install Docker by hand"));
    }
    say(format!("there is no {missing}"));
    let _no_services = NoServices::until_dropped()?;
    let apt = |arguments: &[&str]| {
        let begin = ["DEBIAN_FRONTEND=noninteractive", "apt-get"];
        let what = format!("apt-get {}", arguments.join(" "));
        run.long(&what, "env", &[&begin, arguments].concat())
    };
    // The mirror may serve a Release file past its date; signatures are checked all the same.
    if !apt(&["-o", "Acquire::Check-Valid-Until=false", "update"])? {
        say("  some package lists could not be had; going on with the others");
    }
    if !apt(&["install", "-y", "--no-install-recommends", "docker.io"])? {
        let stop = Stop::failed("apt-get could not install docker.io");
        return Err(stop.remedy("see its own words above"));
    }
    Ok(())
}

/// Packages that are installed start no service, which would outlive this program.
struct NoServices(Option<OnInterrupt>);

impl NoServices {
    fn until_dropped() -> Result<NoServices, Stop> {
        // Somebody else's stays as it is.
        if Path::new(POLICY).exists() {
            return Ok(NoServices(None));
        }
        let on_interrupt = OnInterrupt::then(|| {
            let _ = fs::remove_file(POLICY);
        });
        fs::write(POLICY, "#!/bin/sh\nexit 101\n").or_stop(POLICY)?;
        fs::set_permissions(POLICY, PermissionsExt::from_mode(0o755)).or_stop(POLICY)?;
        Ok(NoServices(Some(on_interrupt)))
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if self.0.is_some() {
            let _ = fs::remove_file(POLICY);
        }
    }
}

/// Starts an engine; returns its version.
fn start(run: &Run) -> Result<String, Stop> {
    if !is_installed("dockerd") {
        install(run, "dockerd")?;
    }
    if !is_root() {
        let stop = Stop::failed("no Docker engine answers, and only root can start one");
        return Err(stop.remedy("start Docker, or run ci/docker as root"));
    }
    let work = run.work();
    let (configuration, log) = (work.join("daemon.json"), work.join("dockerd.log"));
    fs::write(&configuration, "{}\n").or_stop(configuration.display())?;
    let output = File::create(&log).or_stop(log.display())?;
    let host = format!("unix://{}", work.join("docker.sock").display());
    // In a mount namespace of its own, and without a word to the machine's firewall: nothing is
    // left when it has ended.
    let mut command = Command::new("unshare");
    command.args(["--mount", "dockerd", "--host", &host]);
    command.arg("--config-file").arg(&configuration);
    command.arg("--data-root").arg(work.join("data"));
    command.arg("--exec-root").arg(work.join("run"));
    command.arg("--pidfile").arg(work.join("dockerd.pid"));
    command.args(["--containerd-namespace", run.name()]);
    command.args(["--containerd-plugins-namespace", &run.named("plugins")]);
    command.args(["--bridge", "none", "--iptables=false", "--ip6tables=false"]);
    command.args(["--ip-masq=false", "--ip-forward=false"]);
    command
        .stdin(Stdio::null())
        .stderr(output.try_clone().or_stop(log.display())?);
    // In a group of its own, so that Ctrl-C does not end it before what runs in it is removed.
    command.stdout(output).process_group(0);
    let making = run.making();
    let containerd_pid = work.join("run/containerd/containerd.pid");
    *lock(&run.engine) = Some(Engine::start(&mut command, containerd_pid)?);
    run.host.get_or_init(|| host);
    drop(making);
    let begin = Instant::now();
    while begin.elapsed() < START_BOUND && is_running(run) {
        if let Some(version) = run.engine_version() {
            return Ok(version);
        }
        sleep(Duration::from_millis(200));
    }
    let words = fs::read_to_string(&log).unwrap_or_default();
    eprintln!("{}", end_of(&words));
    let stop = Stop::failed("a Docker engine could not be started here");
    Err(stop.remedy(
        "see dockerd's own words above: \
         it needs root with all capabilities, control groups and bridges",
    ))
}

fn is_running(run: &Run) -> bool {
    let mut engine = lock(&run.engine);
    engine.as_mut().is_some_and(Engine::is_running)
}
