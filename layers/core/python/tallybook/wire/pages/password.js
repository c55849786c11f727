
const password = document.querySelector("#password");
const again = document.querySelector("#again");
const end = document.querySelector("#end");

function openPage() {
  takeToken();
  if (token) {
    password.focus();
    showLink();
  }
}

// Without the names the password can still be set, and the server ends the keys by default.
async function showLink() {
  const { result, problem } = await send("/auth/password/link", { token });
  if (isInvalidLink(result)) {
    form.hidden = true;
    showMessage(problem, "error");
  }
  if (problem) return;
  nameUser(result);
  const keys = result.api_keys.map((key) => `${key.name} (…${key.hint}), made on ${day(key.created_at)}`);
  const roots = result.root_users.map((user) => `${nameOf(user)}, since ${day(user.created_at)}`);
  if (result.unlisted_root_users) roots.push(`and ${result.unlisted_root_users} more`);
  list("#keys", keys);
  list("#roots", roots);
}

// The username is for password managers; they save it with the password.
function nameUser({ purpose, email, account }) {
  const { brand } = document.querySelector("main").dataset;
  const title = purpose === "reset" ? "Set a new password" : "Set your password";
  document.querySelector("h1").textContent = title;
  document.title = `${title} - ${brand}`;
  document.querySelector("#username").value = email;
  const whose = document.querySelector("#whose");
  whose.textContent = purpose === "reset"
    ? `For ${email}, who signs in to the account "${account}" on ${brand}.`
    : `You join the account "${account}" on ${brand}, and sign in with ${email}.`;
  whose.hidden = false;
}

function nameOf(user) {
  return user.name ? `${user.name} (${user.email})` : user.email;
}

function day(time) {
  return new Date(time).toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric" });
}

function list(place, lines) {
  const section = document.querySelector(place);
  section.hidden = !lines.length;
  section.querySelector("ul").replaceChildren(
    ...lines.map((line) => Object.assign(document.createElement("li"), { textContent: line })),
  );
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (password.value !== again.value) {
    showMessage("The two passwords are not the same.", "error");
    again.focus();
    return;
  }
  const done = "Your password is set.";
  const content = { token, password: password.value };
  if (!document.querySelector("#keys").hidden) content.end_api_keys = end.checked;
  if (await submit("/auth/password/confirm", content, done)) {
    document.querySelector("#another").hidden = true;
    showNextStep(true);
    form.reset();
  }
});

addEventListener("hashchange", openPage);
openPage();
