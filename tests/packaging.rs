//! Packages: paths and flags they name exist, configurations load, systemd accepts the unit, the package installs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};
use toml::Value;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn wehr(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wehr")).current_dir(root()).args(arguments).output().unwrap()
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{command:?}: {told}");
    told
}

fn is_there(program: &str) -> bool {
    let is_found = Command::new(program).arg("--version").output().is_ok();
    if !is_found {
        eprintln!("left out: {program} is missing");
    }
    is_found
}

/// A path whose last component may have stars.
fn exists(path: &str) -> bool {
    let Some((folder, head)) = path.split_once('*') else { return root().join(path).exists() };
    assert!(head.is_empty(), "{path}");
    fs::read_dir(root().join(folder)).is_ok_and(|mut entries| entries.next().is_some())
}

#[test]
fn the_configurations_of_the_packages_load() {
    for name in ["packaging/wehr.toml", "packaging/compose/wehr.toml"] {
        let output = wehr(&["config", "check", name]);
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
    // As installed nobody is contacted; the compose file names whom it lists.
    let contacts = |name: &str| {
        let output = wehr(&["egress", "--json", "--config", name]);
        assert_eq!(output.status.code(), Some(0), "{name}");
        let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let is_outside = |destination: &&serde_json::Value| destination["is_local"] == false;
        told["destinations"].as_array().unwrap().iter().filter(is_outside).count()
    };
    assert_eq!(contacts("packaging/wehr.toml"), 0);
    assert_eq!(contacts("packaging/compose/wehr.toml"), 3);
}

#[test]
fn what_the_debian_package_takes_is_there() {
    let manifest: Value = toml::from_str(&read("Cargo.toml")).unwrap();
    let deb = &manifest["package"]["metadata"]["deb"];
    for asset in deb["assets"].as_array().unwrap() {
        let source = asset[0].as_str().unwrap();
        // What is built before: packaging/build-deb.
        assert!(source.starts_with("target/") || exists(source), "{source}");
    }
    assert!(root().join(deb["maintainer-scripts"].as_str().unwrap()).join("postinst").exists());
    run(Command::new("sh").arg("-n").arg(root().join("packaging/debian/postinst")));
    run(Command::new("sh").arg("-n").arg(root().join("packaging/build-deb")));
}

#[test]
fn the_image_names_only_what_exists() {
    let dockerfile = read("Dockerfile");
    for line in dockerfile.lines().filter_map(|line| line.strip_prefix("COPY ")) {
        let Some((source, _)) = line.split_once(' ').filter(|(first, _)| !first.starts_with("--")) else { continue };
        assert!(exists(source), "COPY {source}");
    }
    let last_user = dockerfile.lines().rfind(|line| line.starts_with("USER ")).unwrap();
    assert_eq!(last_user, "USER 10001:10001");
    assert!(dockerfile.contains("HEALTHCHECK") && dockerfile.contains("/readyz"));
    assert!(read("Cargo.toml").contains("[profile.dist]"));
    let help = String::from_utf8(wehr(&["serve", "--help"]).stdout).unwrap();
    for flag in ["--config", "--log"] {
        assert!(dockerfile.contains(flag) && help.contains(flag), "{flag}");
    }
    let compose = read("packaging/compose/compose.yaml");
    let folder = Path::new("packaging/compose");
    let mut mounted = 0;
    for line in compose.lines().filter_map(|line| line.trim().strip_prefix("- ")) {
        let source = line.split(':').next().unwrap();
        if source.starts_with('.') {
            assert!(exists(folder.join(source).to_str().unwrap()), "{source}");
            mounted += 1;
        }
    }
    assert!(mounted >= 5, "the volumes were not read");
    for built in ["../..", "./postfix"] {
        assert!(
            compose.contains(&format!("build: {built}\n"))
                && root().join(folder).join(built).join("Dockerfile").exists()
        );
    }
    // The addresses of the filter's configuration are those of the services.
    for service in ["172.31.25.12", "172.31.25.13", "172.31.25.14"] {
        assert!(read("packaging/compose/wehr.toml").contains(service) && compose.contains(service), "{service}");
    }
}

#[test]
fn systemd_accepts_the_unit() {
    if !is_there("systemd-analyze") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let unit = folder.path().join("wehr.service");
    let text = read("packaging/wehr.service");
    let here = text.replace("/usr/bin/wehr", env!("CARGO_BIN_EXE_wehr")).replace("Documentation=", "# Documentation=");
    fs::write(&unit, here).unwrap();
    let told = run(Command::new("systemd-analyze").arg("verify").arg(&unit));
    assert!(!told.contains("wehr.service:"), "{told}");
    // 2.0 of 10 and below counts as well confined.
    run(Command::new("systemd-analyze").args(["security", "--offline=true", "--threshold=20"]).arg(&unit));
}

#[test]
fn sockets_that_systemd_holds_are_those_of_the_doors() {
    let config: Value = toml::from_str(&read("packaging/wehr.toml")).unwrap();
    for door in ["milter", "lmtp"] {
        let text = read(&format!("packaging/wehr-{door}.socket"));
        let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(&format!("{key}="))).unwrap().to_owned();
        assert_eq!((value("FileDescriptorName"), value("Service")), (door.to_owned(), "wehr.service".to_owned()));
        assert_eq!(config[door]["listen"][0].as_str().unwrap(), value("ListenStream"));
    }
    let unit = read("packaging/wehr.service");
    assert!(unit.contains("\nType=notify\n") && unit.contains("\nNotifyAccess=main\n"));
}

/// Builds the package from the debug program and installs it into a folder; needs cargo-deb and dpkg.
#[test]
fn the_debian_package_installs_into_a_scratch_root() {
    let is_there = |words: &[&str]| {
        let output = Command::new(words[0]).args(&words[1..]).output();
        output.is_ok_and(|output| output.status.success())
    };
    if !is_there(&["cargo", "deb", "--version"]) || !is_there(&["dpkg", "--version"]) {
        assert!(env::var_os("WEHR_REQUIRE_DEB").is_none(), "cargo-deb or dpkg is missing");
        eprintln!("left out: cargo-deb or dpkg is missing");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let deb = folder.path().join("wehr.deb");
    run(Command::new(root().join("packaging/build-deb")).arg("dev").env("WEHR_DEB", &deb));
    let scratch = folder.path().join("root");
    let admin = scratch.join("var/lib/dpkg");
    fs::create_dir_all(admin.join("updates")).unwrap();
    fs::create_dir_all(admin.join("info")).unwrap();
    fs::write(admin.join("status"), "").unwrap();
    let option = format!("--root={}", scratch.display());
    let dpkg = |verb: &str, what: &Path| {
        let forced = ["--force-depends", "--force-script-chrootless", "--force-not-root"];
        run(Command::new("dpkg").arg(&option).args(forced).arg(verb).arg(what))
    };
    dpkg("--install", &deb);
    for path in [
        "usr/bin/wehr",
        "etc/wehr/wehr.toml",
        "usr/lib/systemd/system/wehr.service",
        "usr/lib/sysusers.d/wehr.conf",
        "usr/lib/tmpfiles.d/wehr.conf",
        "usr/share/bash-completion/completions/wehr",
        "usr/share/wehr/dashboards/wehr.rules.yml",
    ] {
        assert!(scratch.join(path).exists(), "{path} is not in the package");
    }
    let accounts = fs::read_to_string(scratch.join("etc/passwd")).unwrap_or_default();
    assert!(accounts.contains("wehr:"), "the user of the service is made");
    let pages = fs::read_dir(scratch.join("usr/share/man/man1")).unwrap().count();
    assert!(pages > 10, "{pages} manual pages");
    let installed = scratch.join("usr/bin/wehr");
    run(Command::new(&installed).args(["config", "check"]).arg(scratch.join("etc/wehr/wehr.toml")));
    dpkg("--remove", Path::new("wehr"));
    assert!(!installed.exists() && scratch.join("etc/wehr/wehr.toml").exists(), "removal keeps the configuration");
}
