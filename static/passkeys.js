// Passkeys: shows the buttons if the browser has passkeys, and sends what the authenticator answers.
// Each block <div class="by-script"> names the path of its requests; see the macro in templates/form.html.

const supported = window.PublicKeyCredential?.parseRequestOptionsFromJSON !== undefined;
const accepted = document.getElementById("accepted-passkeys")?.value;
let autofill; // The request that waits in the autofill of the login form.

if (supported) {
  for (const block of document.querySelectorAll('.by-script[data-script="passkeys.js"]')) {
    const [button] = block.getElementsByTagName("button");
    block.querySelector(".hint").hidden = true;
    button.hidden = false;
    button.addEventListener("click", () => run(block, button));
    if ("autofill" in block.dataset) waitForAutofill(block);
  }
  tellBrowser();
}

// A click: one request at a time, and what went wrong is said beside the button.
async function run(block, button) {
  autofill?.abort();
  block.querySelector(".problem").hidden = true;
  button.disabled = true;
  try {
    await ceremony(block, {});
  } catch (error) {
    say(block, error);
    if ("autofill" in block.dataset) waitForAutofill(block);
  }
  button.disabled = false;
}

// Offers passkeys in the list of the email field. Nothing is said unless the visitor chooses one.
async function waitForAutofill(block) {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  autofill = new AbortController();
  let chosen = false;
  try {
    const wishes = { mediation: "conditional", signal: autofill.signal };
    await ceremony(block, wishes, () => (chosen = true));
  } catch (error) {
    if (!chosen) return;
    say(block, error);
    waitForAutofill(block);
  }
}

function say(block, error) {
  const problem = block.querySelector(".problem");
  problem.textContent = words(error);
  problem.hidden = false;
}

async function ceremony(block, wishes, onChosen = () => {}) {
  const { path, next } = block.dataset;
  const { publicKey } = await send(block, `${path}/start`, {});
  const adds = "user" in publicKey;
  const credential = adds
    ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey) })
    : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey), ...wishes });
  onChosen();
  const answer = credential.toJSON();
  const remember = document.querySelector("[name=remember]")?.checked ?? false;
  const body = adds
    ? { credential: answer, authenticator_data: answer.response.authenticatorData }
    : { credential: answer, remember, next, second_step: "secondStep" in block.dataset };
  try {
    location.assign((await send(block, `${path}/finish`, body)).next);
  } catch (error) {
    if (error.status === 404) forget(publicKey.rpId, answer.id);
    throw error;
  }
}

// A response that is no success, with the problem details of the server (RFC 9457).
class Rejected extends Error {
  constructor({ detail, status }) {
    super(detail);
    this.status = status;
  }
}

async function send(block, url, body) {
  const token = block.querySelector("[name=csrf]").value;
  const headers = { "content-type": "application/json", "x-csrf-token": token };
  let response, json;
  try {
    response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
    json = await response.json();
  } catch {
    throw new Rejected({ detail: "We couldn't reach the site. Check your connection and try again." });
  }
  if (response.ok) return json;
  // The session or sudo mode has ended: the page leads to the login or to the confirmation.
  if (response.status === 401) location.reload();
  throw new Rejected(json);
}

function words(error) {
  if (error instanceof Rejected) return error.message;
  // The names of these errors are in section 5.1.3 and 5.1.4 of Web Authentication.
  if (error.name === "InvalidStateError") return "This device already has a passkey for your account.";
  if (error.name === "NotAllowedError") return "No passkey was chosen. Try again.";
  return "That didn't work in this browser. Try again, or use another way.";
}

// Signals, where the browser has them: it removes a passkey that is unknown here, and those of this user
// that are not in the list, and shows the present email address with the others.
function forget(rpId, credentialId) {
  PublicKeyCredential.signalUnknownCredential?.({ rpId, credentialId });
}

function tellBrowser() {
  const known = accepted && JSON.parse(accepted);
  // Without a passkey there is no user handle that could name the user.
  if (!known?.userId) return;
  const { userId, ids, name } = known;
  const rpId = location.hostname;
  PublicKeyCredential.signalAllAcceptedCredentials?.({ rpId, userId, allAcceptedCredentialIds: ids });
  PublicKeyCredential.signalCurrentUserDetails?.({ rpId, userId, name, displayName: name });
}
