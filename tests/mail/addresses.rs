//! A mail server with several IP addresses, some of which do not respond.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use app::mail::delivery::Delivery;
use app::mail::smtp::{CommandTimeouts, Mailer};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Builder;
use tokio::time::timeout;

use super::{impatient, mailer_at, notice, the_row, write};
use crate::support::database::database;
use crate::support::mail_server::MailServer;

/// An IP address that does not respond, as behind a firewall that drops packets. It is a listener
/// whose queue is full.
struct BlackHole {
    address: SocketAddr,
    _listener: TcpListener,
    _waiting: Vec<TcpStream>,
}

impl BlackHole {
    async fn open() -> BlackHole {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
        let listener = socket.listen(1).expect("a listener");
        let address = listener.local_addr().expect("its address");
        let mut waiting = Vec::new();
        while let Ok(stream) =
            timeout(Duration::from_millis(200), TcpStream::connect(address)).await
        {
            waiting.push(stream.expect("a place in the queue"));
        }
        BlackHole { address, _listener: listener, _waiting: waiting }
    }
}

fn mailer_to(timeouts: CommandTimeouts, addresses: Vec<SocketAddr>) -> Mailer {
    let mailer = mailer_at("smtp://mail.example.com", timeouts, &[]);
    mailer.resolving_by(move |host, port| {
        assert_eq!((host, port), ("mail.example.com", 25));
        Ok(addresses.clone())
    })
}

#[tokio::test]
async fn the_next_address_is_tried_when_one_does_not_answer() {
    let (db, mut server) = (database().await, MailServer::start().await);
    let (hole, port) = (BlackHole::open().await, server.port);
    // A closed port: its listener is dropped here.
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let addresses = vec![hole.address, closed, ([127, 0, 0, 1], port).into()];
    write(&db.pool, notice()).await;
    let timeouts =
        CommandTimeouts { address: Duration::from_millis(300), ..CommandTimeouts::RFC_5321 };
    let delivery = Delivery::start(db.pool.clone(), mailer_to(timeouts, addresses));
    server.mail().await;
    delivery.stop().await;
    assert_eq!(the_row(&db.pool).await.outcome.as_deref(), Some("sent"));
}

#[tokio::test]
async fn a_few_seconds_are_enough_for_an_address() {
    let limit = CommandTimeouts::RFC_5321.address;
    assert!((Duration::from_secs(2)..=Duration::from_secs(10)).contains(&limit), "{limit:?}");
    let hole = BlackHole::open().await;
    let failure = mailer_to(impatient(), vec![hole.address]).check().await.unwrap_err();
    assert_eq!(failure.problem(), format!("connect: {}: no answer in time", hole.address));
}

#[tokio::test]
async fn a_name_without_an_ip_address_is_reported() {
    let mailer = mailer_at("smtp://mail.example.com", impatient(), &[]);
    let mailer = mailer.resolving_by(|_, _| Err(ErrorKind::NotFound.into()));
    let failure = mailer.check().await.unwrap_err();
    assert!(failure.problem().starts_with("name resolution: "), "{failure:?}");
    let failure = mailer_to(impatient(), Vec::new()).check().await.unwrap_err();
    assert_eq!(failure.problem(), "name resolution: the name has no IP address");
}

/// The app stops while name resolution hangs.
#[test]
fn a_resolver_that_hangs_does_not_hold_up_the_exit() {
    let (release, held) = channel::<()>();
    let held = Mutex::new(held);
    let mailer = mailer_at("smtp://mail.example.com", impatient(), &[]);
    let mailer = mailer.resolving_by(move |_, _| {
        // Blocks until the test drops `release`.
        let _ = held.lock().expect("one call").recv();
        Ok(Vec::new())
    });
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let failure = runtime.block_on(mailer.check()).unwrap_err();
    assert_eq!(failure.problem(), "name resolution: no answer in time");
    let (tell, exited) = channel();
    let exit = thread::spawn(move || {
        drop(runtime);
        let _ = tell.send(());
    });
    let in_time = exited.recv_timeout(Duration::from_secs(5));
    drop(release);
    exit.join().expect("no panic");
    in_time.expect("the runtime ends while the resolver hangs");
}
