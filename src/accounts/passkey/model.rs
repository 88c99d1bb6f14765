//! Names the authenticator of a new passkey by its AAGUID, so that the list of an owner says more
//! than "Passkey". The AAGUID is not attested, so nothing but the proposed name depends on it.

use uuid::{Uuid, uuid};

/// AAGUIDs of common authenticators, as their makers publish them.
const MODELS: [(Uuid, &str); 15] = [
    (uuid!("fbfc3007-154e-4ecc-8c0b-6e020557d7bd"), "Apple Passwords"),
    (uuid!("dd4ec289-e01d-41c9-bb89-70fa845d4bf2"), "Apple Passwords"),
    (uuid!("ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4"), "Google Password Manager"),
    (uuid!("adce0002-35bc-c60a-648b-0b25f1f05503"), "Chrome on Mac"),
    (uuid!("08987058-cadc-4b81-b6e1-30de50dcbe96"), "Windows Hello"),
    (uuid!("9ddd1817-af5a-4672-a2b9-3e3dd95000a9"), "Windows Hello"),
    (uuid!("6028b017-b1d4-4c02-b4b3-afcdafc96bb2"), "Windows Hello"),
    (uuid!("bada5566-a7aa-401f-bd96-45619a55120d"), "1Password"),
    (uuid!("d548826e-79b4-db40-a3d8-11116f7e8349"), "Bitwarden"),
    (uuid!("531126d6-e717-415c-9320-3d9aa6981239"), "Dashlane"),
    (uuid!("fdb141b2-5d84-443e-8a35-4698c205a502"), "KeePassXC"),
    (uuid!("50726f74-6f6e-5061-7373-50726f746f6e"), "Proton Pass"),
    (uuid!("53414d53-554e-4700-0000-000000000000"), "Samsung Pass"),
    (uuid!("2fc0579f-8113-47ea-b116-bb5a8db9202a"), "YubiKey 5"),
    (uuid!("cb69481e-8ff7-4039-93ec-0a2729a154a8"), "YubiKey 5"),
];

/// The name of an authenticator, if it is a common one.
pub fn model_of(aaguid: Uuid) -> Option<&'static str> {
    MODELS.iter().find(|(known, _)| *known == aaguid).map(|(_, name)| *name)
}
