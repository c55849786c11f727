
"use strict";

const form = document.querySelector("form");
const message = document.querySelector("#message");
const TRY_AGAIN = "That did not work. Please try again in a moment.";

function showMessage(text, kind = "") {
  message.textContent = text;
  message.className = kind;
}

function sentence(text) {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

// Returns the answer, and the problem as a sentence for the reader: "" on success.
async function send(path, content) {
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      credentials: "omit",
      body: JSON.stringify(content),
    });
    const result = await answer.json();
    return { result, problem: answer.ok ? "" : sentence(result.message || result.error.message || TRY_AGAIN) };
  } catch {
    return { problem: TRY_AGAIN };
  }
}

// An invalid link stays invalid: no form to try it again.
function isInvalidLink(result) {
  return Boolean(result) && (result.code || result.error?.code) === "invalid_token";
}

function showNextStep(isDone) {
  document.querySelector("#next").hidden = !isDone;
}

// `done` is the sentence to show on success, or a function of the answer that returns it.
async function submit(path, content, done) {
  const button = form.querySelector("button");
  button.disabled = true;
  showMessage("One moment …");
  const { result, problem } = await send(path, content);
  button.disabled = false;
  form.hidden = !problem || isInvalidLink(result);
  showMessage(problem || (typeof done === "function" ? done(result) : done), problem ? "error" : "done");
  message.focus();
  return !problem;
}
