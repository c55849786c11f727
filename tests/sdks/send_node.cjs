// Sends each event of standard input with CloudEvents' JavaScript SDK, and prints the answers.
// Arguments: URL, key, mode.
const { readFileSync } = require("node:fs");
const { CloudEvent, Mode, emitterFor, httpTransport } = require("cloudevents");

const [url, key, mode] = process.argv.slice(2);
const emit = emitterFor(httpTransport(url), { mode: mode === "binary" ? Mode.BINARY : Mode.STRUCTURED });

async function send(events) {
  for (const { data, ...attributes } of events) {
    const sent = mode === "base64" ? new Uint8Array(Buffer.from(JSON.stringify(data))) : data;
    const answer = await emit(new CloudEvent({ ...attributes, data: sent }), { headers: { "X-API-Key": key } });
    console.log(answer.body);
  }
}

send(JSON.parse(readFileSync(0, "utf8")));
