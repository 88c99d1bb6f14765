//! The scripts in `bin/`, in unusual environments.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A folder with a copy of one script. When dropped, it stops the cluster and removes the folder.
struct Copy(PathBuf);

impl Copy {
    fn of(script: &str, name: &str) -> Copy {
        let folder = std::env::temp_dir().join(format!("{name}-{}", uuid::Uuid::new_v4()));
        fs::create_dir_all(folder.join("bin")).expect("a folder");
        fs::copy(Path::new(ROOT).join("bin").join(script), folder.join("bin").join(script))
            .expect("a copy");
        Copy(folder)
    }

    fn write_program(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).expect("a file");
        fs::set_permissions(self.0.join(name), fs::Permissions::from_mode(0o755))
            .expect("its mode");
    }

    fn run(&self, script: &str, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
        let mut command = Command::new("bash");
        command.arg(self.0.join("bin").join(script)).args(arguments);
        let command = command.env_remove("DATABASE_URL").envs(settings.iter().copied());
        command.output().expect("bash")
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        self.run("postgres", &["stop"], &[]);
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_private_cluster_lives_in_any_folder_under_any_locale() {
    let folder = Copy::of("postgres", "Tür & Ada's");
    let locale = [("LC_ALL", "C")];
    let started = folder.run("postgres", &["start"], &locale);
    assert!(started.status.success(), "{started:?}");
    // Not a link to /var/lib, which is used when the server's user cannot enter this folder.
    let state = fs::symlink_metadata(folder.0.join(".postgres")).expect("its data");
    assert!(state.is_dir(), "{started:?}");
    // Outgoing connections of other programs occupy higher ports for a while.
    let port = fs::read_to_string(folder.0.join(".postgres/port")).expect("its port");
    assert!(port.trim().parse::<u16>().expect("a number") < 32768, "{port}");
    let answer = folder.run("postgres", &["psql", "-X", "-A", "-t", "-c", "select 6 * 7"], &locale);
    assert_eq!(String::from_utf8_lossy(&answer.stdout), "42\n", "{answer:?}");
}

#[test]
fn psql_shows_no_password_to_other_users_of_the_machine() {
    let folder = Copy::of("postgres", "vestibule-psql");
    folder.write_program("psql", "#!/bin/sh\necho \"$PGPASSWORD\"\nprintf '%s\\n' \"$@\"\n");
    let path = format!("{}:{}", folder.0.display(), std::env::var("PATH").expect("a PATH"));
    for (url, password, shown) in [
        ("postgres://ada:hunter2@db:5/a?b=c", "hunter2", "postgres://ada@db:5/a?b=c"),
        ("postgres://ada:a%40%5c%2f%25:b@db/a", "a@\\/%:b", "postgres://ada@db/a"),
        ("postgresql://ada:hunter2@[::1]:5432/a", "hunter2", "postgresql://ada@[::1]:5432/a"),
        ("postgres://ada@db/a?host=/x:y@z", "", "postgres://ada@db/a?host=/x:y@z"),
        ("postgres://db:5432/a", "", "postgres://db:5432/a"),
    ] {
        // Without server binaries, bin/postgres uses the psql in PATH.
        let settings = [("DATABASE_URL", url), ("PATH", &*path), ("PG_BINDIR", "/nowhere")];
        let output = folder.run("postgres", &["psql", "-c", "select 1"], &settings);
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(said, format!("{password}\n-d\n{shown}\n-c\nselect 1\n"), "{output:?}");
    }
}

#[test]
fn the_devcontainer_knows_where_its_port_is_forwarded() {
    let folder = Copy::of("run", "vestibule-devcontainer");
    fs::create_dir(folder.0.join(".devcontainer")).expect("a folder");
    fs::copy(Path::new(ROOT).join(".devcontainer/run"), folder.0.join(".devcontainer/run"))
        .expect("a copy");
    folder.write_program("bin/run", "#!/bin/sh\necho \"${BASE_URL:-} ${ALLOW_UNSAFE:-}\"\n");
    for (argument, name, value, shown) in [
        ("", "CODESPACE_NAME", "name", "https://name-8080.app.github.dev forwarded-port\n"),
        (
            "",
            "GITPOD_WORKSPACE_URL",
            "https://name.gitpod.io",
            "https://8080-name.gitpod.io forwarded-port\n",
        ),
        ("https://a.example", "CODESPACE_NAME", "name", "https://a.example forwarded-port\n"),
        ("", "ELSE", "", " \n"),
    ] {
        let mut command = Command::new("bash");
        for name in ["CODESPACE_NAME", "GITPOD_WORKSPACE_URL", "BASE_URL", "ALLOW_UNSAFE"] {
            command.env_remove(name);
        }
        let command = command.arg(folder.0.join(".devcontainer/run")).arg(argument);
        let output = command.env(name, value).output().expect("bash");
        assert_eq!(String::from_utf8_lossy(&output.stdout), shown, "{output:?}");
    }
}

/// The functions of bin/setup that install packages, with an apt-get that is interrupted.
#[test]
fn an_interrupted_installation_leaves_no_file_behind() {
    let folder = Copy::of("setup", "vestibule-setup");
    let text = fs::read_to_string(folder.0.join("bin/setup")).expect("the script");
    let part = |from: &str, to: &str| {
        let start = text.find(from).unwrap_or_else(|| panic!("no {from}"));
        &text[start..start + text[start..].find(to).unwrap_or_else(|| panic!("no {to}"))]
    };
    let installing = part("for_now() {", "# --- what is needed");
    let nginx = part("apt_install_stopped() (", "can_venv()");
    for (function, path) in [
        ("apt_install_stopped", "/usr/sbin/policy-rc.d"),
        ("apt_install_postgres", "/etc/postgresql-common/createcluster.d"),
    ] {
        for signal in ["INT", "TERM", "HUP"] {
            let place = folder.0.join(format!("{function}-{signal}"));
            fs::create_dir(&place).expect("a folder");
            let inside = place.join("file").display().to_string();
            let functions = format!("{installing}{nginx}").replace(path, &inside);
            // Interrupts at the second package, because bin/setup has written its file by then.
            let script = format!(
                "set -euo pipefail\nas_root() {{ \"$@\"; }}\n{functions}\napt_install() {{\n\
                 case $1 in postgresql-common) return ;; esac\n\
                 find '{place}' -type f >'{place}.seen'; kill -{signal} $BASHPID; sleep 1; }}\n\
                 {function} nginx-light || true\n",
                place = place.display()
            );
            Command::new("bash").args(["-c", &script]).status().expect("bash");
            let seen = fs::read_to_string(format!("{}.seen", place.display())).expect("the list");
            assert_eq!(seen.lines().count(), 1, "{function} writes a file: {seen}");
            let left = Command::new("find").arg(&place).args(["-type", "f"]).output();
            let left = left.expect("find").stdout;
            assert_eq!(String::from_utf8_lossy(&left), "", "{function} after SIG{signal}");
        }
    }
}
