//! Side by side with `docker build`, on a real engine.

use std::{path::PathBuf, process::Command};

use super::{
    extent::{Extent, LeftOut},
    measure::{Sample, median, row, run},
    world::{World, platform, platform_list, write},
};

pub const IMAGES: [&str; 4] = ["core", "web", "cat", "tool"];

/// An image of the engine to build on, and the docker client that speaks BuildKit.
pub fn engine() -> Result<(String, &'static str), LeftOut> {
    let docker = ["/usr/bin/docker", "docker"].into_iter().find(|docker| {
        Command::new(docker)
            .args(["version", "--format", "{{.Server.Version}}"])
            .output()
            .is_ok_and(|out| out.status.success())
    });
    let docker = docker.ok_or(LeftOut("no Docker engine answers"))?;
    let named = std::env::var_os("FACTORY_BENCH_BASE").and_then(|name| name.into_string().ok());
    let listed = || {
        let arguments = ["images", "--format", "{{.Repository}}:{{.Tag}}", "factory.local/base"];
        let out = Command::new(docker).args(arguments).output().ok()?;
        String::from_utf8_lossy(&out.stdout).lines().next().map(str::to_owned)
    };
    let base = named.or_else(listed);
    Ok((base.ok_or(LeftOut("no base image (FACTORY_BENCH_BASE=debian:12 names one, make demo makes one)"))?, docker))
}

fn recipe(platforms: usize, images: &[&str], packages: usize) -> String {
    let mut text = format!(
        "[project]\nname = \"bench\"\nmaintainer = \"Bench <bench@example.org>\"\nlicense = \"Apache-2.0\"\n\
         platforms = [{}]\n[base]\nbootstrap = \"never\"\n",
        platform_list(platforms)
    );
    for image in images {
        text.push_str(&format!(
            "[[image]]\nname = \"{image}\"\nrepository = \"factory-bench/{image}\"\ndockerfile = \"{image}.hbs\"\n\
             contents = [{{ src = \"app\", dst = \"/opt/{image}\" }}]\n"
        ));
    }
    for image in &images[..packages] {
        text.push_str(&format!(
            "[[package]]\nname = \"bench-{image}\"\nfrom = \"{image}\"\nsummary = \"x\"\n\
             contents = [{{ src = \"/opt/{image}\" }}]\n"
        ));
    }
    text
}

fn dockerfile(image: &str, from: &str, work: &str) -> String {
    format!("FROM {from}\nRUN [\"mkdir\", \"-p\", \"/opt/{image}\"]\nCOPY rootfs/opt/{image}/ /opt/{image}/\n{work}")
}

/// What an image does when nobody says more.
const NOTHING: &str = "RUN [\"true\"]\n";

/// A project on the real engine whose images do this work, and for each image the folder that `docker build` takes.
pub fn world(platforms: usize, images: &[&str], packages: usize, base: &str, work: &str) -> (World, Vec<PathBuf>) {
    let world = World::empty();
    world.platforms(platforms, base);
    world.application();
    world.write("factory.toml", &recipe(platforms, images, packages));
    for image in images {
        world.write(&format!("{image}.hbs"), &dockerfile(image, "{{from}}", work));
    }
    let mut folders = Vec::new();
    for number in 0..platforms {
        for image in images {
            let folder = world.beside("peer").join(platform(number)).join(image);
            write(&folder.join("Dockerfile"), &dockerfile(image, base, work));
            let to = folder.join("rootfs/opt").join(image);
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            let copied = Command::new("cp").arg("-r").args([world.folder().join("app"), to]).status().unwrap();
            assert!(copied.success());
            folders.push(folder);
        }
    }
    (world, folders)
}

fn name(number: usize) -> String {
    format!("factory-bench/peer:{number}")
}

/// `docker build` of each folder, one after the other.
fn build_all(docker: &str, folders: &[PathBuf]) -> Sample {
    let mut sum = Sample { wall_ms: 0.0, cpu_ms: 0.0, peak_mb: 0.0 };
    for (folder, number) in folders.iter().zip(0..) {
        let one =
            run(docker, &["build", "-q", "-t", &name(number), "."], folder, &[("DOCKER_BUILDKIT", "1".to_owned())]);
        sum.wall_ms += one.wall_ms;
        sum.cpu_ms += one.cpu_ms;
        sum.peak_mb = sum.peak_mb.max(one.peak_mb);
    }
    sum
}

/// Takes everything away again that was made in the engine.
pub fn tidy(world: &World, docker: &str, folders: &[PathBuf]) {
    world.factory(&["clean", "--all"]);
    for (_, number) in folders.iter().zip(0..) {
        let _gone = Command::new(docker).args(["rmi", &name(number)]).output();
    }
}

fn ratio(what: &str, peer: &Sample, ours: &Sample) {
    println!("    {:.1} times as fast as {what} (wall)", peer.wall_ms / ours.wall_ms);
}

/// Nothing changed, on a real engine: platforms of four images and two packages each.
pub fn unchanged(extent: Extent) -> Result<(), LeftOut> {
    let platforms = extent.platforms(10);
    println!("nothing changed: {platforms} platforms x (4 images, 2 packages), real engine");
    let (base, docker) = engine()?;
    let (world, folders) = world(platforms, &IMAGES, 2, &base, NOTHING);
    world.factory(&["build"]);
    build_all(docker, &folders);
    for _ in 0..2 {
        world.factory(&["plan"]);
    }
    let (mut plans, mut builds, mut peers, mut bakes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let bake_file = bake(docker, &world, &folders);
    // In turn: what else the machine does meets all of them.
    for _ in 0..extent.times(5) {
        plans.push(world.factory(&["plan"]));
        builds.push(world.factory(&["build"]));
        peers.push(build_all(docker, &folders));
        bakes.extend(bake_file.as_ref().map(|file| {
            run(docker, &["buildx", "bake", "-f", &file.display().to_string()], &world.beside("peer"), &[])
        }));
    }
    let (plan, build, peer) = (median(&plans), median(&builds), median(&peers));
    row("factory plan", &plan);
    row("factory build", &build);
    row(&format!("docker build, {} times, all cached", folders.len()), &peer);
    ratio("docker build", &peer, &build);
    if bakes.is_empty() {
        println!("  docker buildx bake: not installed");
    } else {
        let sample = median(&bakes);
        row("docker buildx bake, all cached", &sample);
        ratio("docker buildx bake", &sample, &build);
    }
    tidy(&world, docker, &folders);
    Ok(())
}

/// A bake file of the same images; `None` where there is no buildx. They are built once.
fn bake(docker: &str, world: &World, folders: &[PathBuf]) -> Option<PathBuf> {
    let there = Command::new(docker).args(["buildx", "version"]).output().is_ok_and(|out| out.status.success());
    if !there {
        return None;
    }
    let names: Vec<String> = (0..folders.len()).map(|number| format!("\"t{number}\"")).collect();
    let mut text = format!("group \"default\" {{ targets = [{}] }}\n", names.join(", "));
    for (folder, number) in folders.iter().zip(0..) {
        let folder = folder.display();
        text.push_str(&format!(
            "target \"t{number}\" {{\n  context = \"{folder}\"\n  tags = [\"{}\"]\n  output = [\"type=docker\"]\n}}\n",
            name(number)
        ));
    }
    let file = world.beside("peer").join("docker-bake.hcl");
    write(&file, &text);
    run(docker, &["buildx", "bake", "-f", &file.display().to_string()], &world.beside("peer"), &[]);
    Some(file)
}

/// One file of the application changed: its image and its package, of four images and two packages.
pub fn changed(extent: Extent) -> Result<(), LeftOut> {
    println!("one application file changed: an image and its package, real engine");
    let (base, docker) = engine()?;
    let (world, folders) = world(1, &["core"], 1, &base, NOTHING);
    world.factory(&["build"]);
    build_all(docker, &folders);
    let (mut ours, mut peers, mut packages) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..extent.times(7) {
        world.write("app/shop/module7.py", &format!("print({round})\n"));
        ours.push(world.factory(&["build"]));
        // Another text: BuildKit's cache goes by content, and would know ours.
        write(&folders[0].join("rootfs/opt/core/shop/module7.py"), &format!("print(-{round})\n"));
        peers.push(build_all(docker, &folders));
        // The package alone, of the same image: its record is taken away.
        std::fs::remove_file(world.folder().join(".factory/records").join(platform(0)).join("package-bench-core.json"))
            .unwrap();
        packages.push(world.factory(&["build"]));
    }
    let (ours, peer, package) = (median(&ours), median(&peers), median(&packages));
    row("factory build: image and package", &ours);
    row("docker build: the image", &peer);
    row("factory build: the package alone", &package);
    println!("    {:.2} times docker build and the package", ours.wall_ms / (peer.wall_ms + package.wall_ms));
    tidy(&world, docker, &folders);
    Ok(())
}
