//! The image with the libraries: the official one, one that is named, or one made from Debian's
//! packages.

use std::fs;
use std::path::Path;
use std::process::Command;

use semisync_live_tests::console::{self, OrStop, Stop, say};
use semisync_live_tests::{Names, dist_dir_of, repository, server_dir_of};

use crate::run::Run;

/// The series of which ci/setup has Debian packages that a whole root is made of.
const PACKAGED: &str = "9.7";

/// Makes the image `libraries` of this run.
pub fn make(run: &Run, series: &str, named: Option<&str>) -> Result<(), Stop> {
    let image = match named {
        Some(image) => image.to_owned(),
        None => official_or_packaged(run, series)?,
    };
    if !is_there(run, &image)? && !pull(run, &image)? {
        let stop = Stop::failed(format!(
            "there is no image {image}, and it cannot be pulled"
        ));
        return Err(stop.remedy("see docker's own words above"));
    }
    let plugin_dir = plugin_dir(run, &image)?;
    say(format!("FROM {image}, plugin_dir {plugin_dir}"));
    let context = run.work().join("context");
    fill(&context, series)?;
    let base = format!("BASE={image}");
    let dir = format!("PLUGIN_DIR={}", plugin_dir.trim_end_matches('/'));
    let tag = run.named("libraries");
    let mut arguments = vec!["build", "--label", run.name(), "--tag", &tag];
    arguments.extend(["--build-arg", &base, "--build-arg", &dir]);
    let context = context.display().to_string();
    arguments.push(&context);
    if !run.long(
        "docker build of docker/, with the libraries",
        "docker",
        &arguments,
    )? {
        return Err(Stop::failed("the image with the libraries cannot be built"));
    }
    Ok(())
}

fn is_there(run: &Run, image: &str) -> Result<bool, Stop> {
    let mut command = run.docker(&["image", "inspect", "--format", "{{.Id}}", image])?;
    Ok(crate::run::answer_of(&mut command).is_ok())
}

fn pull(run: &Run, image: &str) -> Result<bool, Stop> {
    run.long(&format!("docker pull {image}"), "docker", &["pull", image])
}

fn official_or_packaged(run: &Run, series: &str) -> Result<String, Stop> {
    let official = format!("mysql:{series}");
    if is_there(run, &official)? || pull(run, &official)? {
        return Ok(official);
    }
    if series == PACKAGED {
        say("no registry can be reached: an image is made from the packages of ci/setup");
        return packaged(run, series);
    }
    let reason = format!("{official} cannot be pulled, and no packages can stand in for it");
    let remedy = "run this where a registry can be reached, or give --image";
    Err(Stop::failed(reason).remedy(remedy))
}

/// Copies the root that ci/setup made of Debian's packages; see docker/packaged.
const IMPORT: &str = "set -o pipefail
tar -C \"$1\" --exclude='./proc/*' --exclude='./sys/*' --exclude='./dev/*' -c . |
    docker import --change \"LABEL $2=1\" - \"$3\"";

fn packaged(run: &Run, series: &str) -> Result<String, Stop> {
    let setup = repository().join("ci/setup").display().to_string();
    if !run.long(&format!("ci/setup {series}"), &setup, &[series])? {
        let stop = Stop::failed("ci/setup did not end well");
        return Err(stop.remedy("the log below says what is missing"));
    }
    let root = server_dir_of(series).join("root").display().to_string();
    let (packages, tag) = (run.named("packages"), run.named("base"));
    let import = ["-c", IMPORT, "bash", &root, run.name(), &packages];
    let base = format!("BASE={packages}");
    let context = repository().join("docker/packaged").display().to_string();
    let build = ["build", "--build-arg", &base, "--tag", &tag, &context];
    if run.long(&format!("docker import of {root}"), "bash", &import)?
        && run.long("docker build of docker/packaged", "docker", &build)?
    {
        return Ok(tag);
    }
    Err(Stop::failed("no image can be made from these packages"))
}

fn plugin_dir(run: &Run, image: &str) -> Result<String, Stop> {
    let container = ["run", "--rm", "--label", run.name(), "--network", "none"];
    let mysqld = ["--entrypoint", "mysqld", image];
    let options = ["--no-defaults", "--verbose", "--help"];
    let help = run.ask(&[&container[..], &mysqld[..], &options[..]].concat())?;
    let mut lines = help
        .lines()
        .filter_map(|line| line.strip_prefix("plugin-dir "));
    match lines.next().map(str::trim) {
        Some(dir) if dir.starts_with('/') => Ok(dir.to_owned()),
        _ => {
            let reason = format!("the mysqld of {image} does not tell its plugin_dir");
            Err(Stop::failed(reason))
        }
    }
}

/// The directory `docker/` with the libraries beside its Dockerfile, readable for whoever the
/// server runs as.
fn fill(context: &Path, series: &str) -> Result<(), Stop> {
    let tool = |command: &mut Command| console::text_of(command).map(drop);
    tool(
        Command::new("cp")
            .arg("-r")
            .arg(repository().join("docker"))
            .arg(context),
    )?;
    for library in Names::BOTH.into_iter().flat_map(Names::libraries) {
        let target = context.join(&library);
        fs::copy(dist_dir_of(series, "").join(&library), &target).or_stop(target.display())?;
    }
    tool(Command::new("chmod").args(["-R", "a+rX"]).arg(context))
}
