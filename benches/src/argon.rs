//! Argon2 alone: the most logins that these cores could do if a login were nothing but its hash.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Block, Params, Version};

/// The defaults of `ARGON2_MEMORY`, `ARGON2_ITERATIONS` and `ARGON2_LANES`.
const MEMORY: u32 = 19_456;
const ITERATIONS: u32 = 2;
const LANES: u32 = 1;

pub(crate) fn params() -> Params {
    Params::new(MEMORY, ITERATIONS, LANES, None).expect("the default settings are valid")
}

/// Hashes per second, with one thread for each core. Each thread reuses its memory.
pub(crate) fn hashes_per_second(seconds: u64) -> f64 {
    let hashes = AtomicU64::new(0);
    let began = Instant::now();
    let end = began + Duration::from_secs(seconds);
    thread::scope(|scope| {
        for _ in 0..crate::machine::cores() {
            scope.spawn(|| {
                let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params());
                let mut memory = vec![Block::new(); params().block_count()];
                let mut output = [0; 32];
                while Instant::now() < end {
                    argon2
                        .hash_password_into_with_memory(
                            b"a long enough password",
                            b"sixteen byte salt",
                            &mut output,
                            memory.as_mut_slice(),
                        )
                        .expect("the password and the salt have valid lengths");
                    hashes.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    hashes.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64()
}
