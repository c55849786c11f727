
const password = document.querySelector("#password");
const again = document.querySelector("#again");

function openPage() {
  takeToken();
  if (token) password.focus();
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (password.value !== again.value) {
    showMessage("The two passwords are not the same.", "error");
    again.focus();
    return;
  }
  const done = "Your password is set. You can sign in with it now.";
  if (await submit("/auth/password/confirm", { token, password: password.value }, done)) {
    document.querySelector("#another").hidden = true;
    form.reset();
  }
});

addEventListener("hashchange", openPage);
openPage();
