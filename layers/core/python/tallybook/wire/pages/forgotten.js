
const email = document.querySelector("#email");

form.addEventListener("submit", (event) => {
  event.preventDefault();
  submit(
    "/auth/password/reset",
    { email: email.value },
    "If there is a user with this address, a mail is on its way. Please check your spam folder too.",
  );
});

form.hidden = false;
email.focus();
