//! Random walks: logins on five devices, logouts, ended sessions, credential changes and what
//! undoes them, deletions, commands of an operator and jumps of the clock, in any order. After
//! every step each device sends a real request, and the app must say the same as the model.
//!
//! An attack on sessions is often a sequence that no single test has (session puzzling,
//! WSTG-SESS-08). `WALKS=1000` takes more walks; `WALKS_SEED=…` chooses the first one. A failure
//! prints the seed and the shortest walk that still fails.

mod model;
mod world;

use std::collections::BTreeMap;

use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::support::touches::Touches;
use model::{Command, DEVICES, Device, Model, PEOPLE, Person};
use world::World;

const WALKS: u64 = 50;
const STEPS: usize = 25;
/// How many walks run concurrently, each with a site and a database of its own.
const AT_ONCE: u64 = 4;

/// How often each kind of command was given, and how often it succeeded.
type Counts = BTreeMap<String, (u32, u32)>;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().expect("a number"))
}

fn draw(random: &mut StdRng) -> Command {
    let device = Device(random.random_range(0..DEVICES));
    let person = Person(random.random_range(0..PEOPLE));
    let other = Device(random.random_range(0..DEVICES));
    match random.random_range(0..40) {
        0..2 => Command::SignUp(device, person),
        2..9 => Command::LogIn { on: device, person, remember: random.random_bool(0.4) },
        9 => Command::LogInWrongly(device, person),
        10..12 => Command::LogOut(device),
        12..16 => Command::EndSession { on: device, of: other },
        16..18 => Command::EndOthers(device),
        18..20 => Command::Confirm(device),
        20..22 => Command::ChangePassword(device),
        22..24 => Command::ChangeEmail(device),
        24 => Command::Reset(device, person),
        25..27 => Command::NotMe(device, person, random.random_range(0..1_000)),
        27 => Command::Download(device),
        28 => match random.random_bool(0.4) {
            true => Command::Delete(device),
            false => Command::LogIn { on: device, person, remember: true },
        },
        29 => match random.random_bool(0.5) {
            true => Command::Lock(person),
            false => Command::Unlock(person),
        },
        30 => Command::Unlock(person),
        31..34 => Command::SetUpFactor(device),
        34..37 => Command::RemoveFactor(device),
        37 => Command::ResetFactors(person),
        38 => match random.random_bool(0.5) {
            true => Command::EndByEpoch(person),
            false => Command::LogOutByOperator(person),
        },
        _ => {
            let jumps = [7, 7, 25, 50, 61, 23 * 60, 13 * 24 * 60, 20 * 24 * 60];
            Command::Later(jumps[random.random_range(0..jumps.len())])
        }
    }
}

/// The steps of a walk: commands that can be given, one after the other.
fn plan(seed: u64) -> Vec<Command> {
    let (mut random, mut model) = (StdRng::seed_from_u64(seed), Model::default());
    for person in 0..PEOPLE {
        model.apply(Command::SignUp(Device(person), Person(person)));
    }
    let drawn = std::iter::from_fn(|| Some(draw(&mut random)));
    let possible = drawn.filter(|command| {
        let possible = model.allows(*command);
        if possible {
            model.apply(*command);
            model.seen();
        }
        possible
    });
    possible.take(STEPS).collect()
}

/// Walks, and returns where the app and the model differ.
async fn walk(steps: &[Command], counts: &mut Counts) -> Result<(), String> {
    let (mut model, mut world) = (Model::default(), World::start().await);
    let mut touches = Touches::watch(world.db()).await;
    // Every walk begins with both accounts, so that there is something to do.
    let sign_up = (0..PEOPLE).map(|n| Command::SignUp(Device(n), Person(n)));
    let steps: Vec<Command> = sign_up.chain(steps.iter().copied()).collect();
    for (number, step) in steps.into_iter().enumerate() {
        if !model.allows(step) {
            continue;
        }
        let notice = match step {
            Command::NotMe(_, person, number) => model.notice(person, number).map(|n| n.number),
            _ => None,
        };
        let users: Vec<Option<Person>> = (0..DEVICES).map(|n| model.user(Device(n))).collect();
        let expected = model.apply(step);
        let done = world.give(step, notice, |device| users[device.0]).await;
        if done != expected {
            return Err(format!("step {number}, {step:?}: expected {expected}, the app: {done}"));
        }
        let name = format!("{step:?}").split(['(', ' ']).next().unwrap_or_default().to_owned();
        let (given, succeeded) = counts.entry(name).or_default();
        *given += 1;
        *succeeded += u32::from(done);
        for number_of in 0..DEVICES {
            let (device, expected) = (Device(number_of), model.user(Device(number_of)));
            let email =
                expected.map(|person| World::emails(person)[model.accounts[person.0].email]);
            let shown = world.look(device).await;
            if shown != email {
                let after = format!("step {number}, after {step:?}");
                return Err(format!("{after}: {device:?} shows {shown:?} and not {email:?}"));
            }
        }
        model.seen();
        world.touched(&mut touches).await;
    }
    Ok(())
}

/// Leaves out every step without which the walk still fails.
async fn shrunk(mut steps: Vec<Command>) -> Vec<Command> {
    let mut index = 0;
    while index < steps.len() {
        let mut fewer = steps.clone();
        fewer.remove(index);
        match walk(&fewer, &mut Counts::new()).await {
            Err(_) => steps = fewer,
            Ok(()) => index += 1,
        }
    }
    steps
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_random_walks_every_device_answers_as_the_model_says() {
    let count = setting("WALKS").unwrap_or(WALKS);
    let first = setting("WALKS_SEED").unwrap_or_else(|| rand::random::<u32>().into());
    println!("WALKS={count} WALKS_SEED={first}");
    let walkers = (0..AT_ONCE).map(async |walker| {
        let mut counts = Counts::new();
        for seed in (first..first + count).skip(walker as usize).step_by(AT_ONCE as usize) {
            let steps = plan(seed);
            if let Err(difference) = walk(&steps, &mut counts).await {
                let steps = shrunk(steps).await;
                panic!("WALKS=1 WALKS_SEED={seed}\n{difference}\n{steps:#?}");
            }
        }
        counts
    });
    let mut sum = Counts::new();
    for (name, (given, succeeded)) in join_all(walkers).await.into_iter().flatten() {
        let (of_given, of_succeeded) = sum.entry(name).or_default();
        *of_given += given;
        *of_succeeded += succeeded;
    }
    println!("command: given, succeeded\n{sum:#?}");
    // A command that never succeeds shows nothing. A wrong login never does.
    for (name, (given, succeeded)) in sum.iter().filter(|_| count >= WALKS) {
        let some = succeeded * 50 >= *given && *succeeded > 0;
        assert!(some || name == "LogInWrongly", "{name}: {succeeded} of {given}");
    }
}
