//! A PostgreSQL server for one test, which can be stopped and restarted.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::database::{Database, lazy_pool};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

const STOP: &str = "stop -w -m immediate";

pub struct Cluster {
    binaries: PathBuf,
    folder: PathBuf,
    port: u16,
    /// Set for root: PostgreSQL does not run as root, so it runs as this user.
    user: Option<&'static str>,
}

impl Cluster {
    pub fn start() -> Cluster {
        let asked = Command::new(format!("{ROOT}/bin/postgres")).arg("bindir").output();
        let asked = asked.expect("bin/postgres");
        assert!(asked.status.success(), "no PostgreSQL server on this machine");
        let id = Command::new("id").arg("-u").output().expect("id");
        let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("it");
        let port = port.port();
        let cluster = Cluster {
            binaries: String::from_utf8_lossy(&asked.stdout).trim().into(),
            folder: std::env::temp_dir().join(format!("vestibule-cluster-{port}")),
            port,
            user: (id.stdout.trim_ascii() == b"0").then_some("postgres"),
        };
        let made = cluster.run("initdb", "--auth trust --username postgres --no-sync");
        assert!(made, "initdb made no cluster in {}", cluster.folder.display());
        cluster.start_again();
        cluster
    }

    pub fn start_again(&self) {
        let options = "-c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off";
        let options = format!("start -w -l /dev/null -o '{options} -p {}'", self.port);
        assert!(self.run("pg_ctl", &options), "PostgreSQL does not start");
    }

    pub fn stop(&self) {
        assert!(self.run("pg_ctl", STOP), "PostgreSQL does not stop");
    }

    /// The URL of a database for a role. No password is needed.
    pub fn url(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}@127.0.0.1:{}/{database}", self.port)
    }

    /// Suspends all its processes (SIGSTOP), like a frozen machine: sockets stay open.
    pub async fn suspend(&self, db: &Database) -> Suspended {
        let backends: Vec<i32> = sqlx::query_scalar("select pid from pg_stat_activity")
            .fetch_all(&db.pool)
            .await
            .expect("its processes");
        let pid_file =
            std::fs::read_to_string(self.folder.join("postmaster.pid")).expect("running");
        let postmaster = pid_file.lines().next().expect("a process").to_owned();
        // The postmaster first, so that it starts no new process.
        let pids = std::iter::once(postmaster).chain(backends.iter().map(ToString::to_string));
        let frozen = Suspended(pids.collect());
        frozen.signal("STOP");
        frozen
    }

    /// Its database, with all migrations applied.
    pub async fn database(&self) -> Database {
        let url = format!("postgres://postgres@127.0.0.1:{}/postgres", self.port);
        let pool = lazy_pool(&url, 5).expect("its address");
        app::database::migrate(&pool).await.expect("the migrations");
        Database { pool, url, name: "of_a_cluster_of_its_own".to_owned() }
    }

    fn run(&self, program: &str, arguments: &str) -> bool {
        let (program, folder) = (self.binaries.join(program), self.folder.display());
        let line = format!("LC_ALL=C exec '{}' -D '{folder}' {arguments}", program.display());
        let mut command = match self.user {
            None => Command::new("/bin/sh"),
            Some(user) => {
                let mut command = Command::new("su");
                command.args(["-s", "/bin/sh", user]);
                command
            }
        };
        let command = command.args(["-c", &line]).current_dir("/");
        let status =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    }
}

/// Suspended processes. They continue when this is dropped.
pub struct Suspended(Vec<String>);

impl Suspended {
    fn signal(&self, name: &str) {
        // Fails for a process that has ended meanwhile.
        let _ =
            Command::new("kill").args(["-s", name]).args(&self.0).stderr(Stdio::null()).status();
    }
}

impl Drop for Suspended {
    fn drop(&mut self) {
        self.signal("CONT");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.run("pg_ctl", STOP);
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
