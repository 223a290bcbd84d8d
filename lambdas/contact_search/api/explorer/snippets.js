// Writes the current search as code. The key or token is never a part of it.

import { BASE } from "./api.js";
import { byId } from "./dom.js";
import { isSignedIn } from "./sign_in.js";

const dialog = byId("code");
const snippet = byId("snippet");
const KEY = { kind: "key", name: "x-api-key", prefix: "", variable: "CONTACT_SEARCH_KEY" };
const TOKEN = { kind: "token", name: "authorization", prefix: "Bearer ", variable: "CONTACT_SEARCH_TOKEN" };
let pairs = [];

/** Open the dialog with a search. */
export function open(search) {
  pairs = search;
  write();
  dialog.showModal();
}

function write() {
  const language = dialog.querySelector("[name=language]:checked").value;
  const header = isSignedIn() ? TOKEN : KEY;
  byId("credential-kind").textContent = header.kind;
  byId("credential-variable").textContent = header.variable;
  snippet.textContent = { curl, python, typescript }[language](new URL("v1/contacts", BASE).href, pairs, header);
  byId("copied").textContent = "";
}

function curl(url, search, header) {
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  return [
    `curl -G ${quoted(url)}`,
    `-H "${header.name}: ${header.prefix}$${header.variable}"`,
    ...search.map(([name, value]) => `--data-urlencode ${quoted(`${name}=${value}`)}`),
  ].join(" \\\n  ");
}

function python(url, search, header) {
  return `import os
import time

import requests

headers = {"${header.name}": ${header.prefix ? `"${header.prefix}" + ` : ""}os.environ["${header.variable}"]}
search = [
${search.map(([name, value]) => `    (${JSON.stringify(name)}, ${JSON.stringify(value)}),`).join("\n")}
]
cursor = []
while True:
    response = requests.get(${JSON.stringify(url)}, params=search + cursor, headers=headers, timeout=30)
    if response.status_code == 429:
        time.sleep(int(response.headers["Retry-After"]))
        continue
    response.raise_for_status()
    page = response.json()
    for contact in page["contacts"]:
        print(contact["id"])
    if page["next_cursor"] is None:
        break
    cursor = [("cursor", page["next_cursor"])]
`;
}

function typescript(url, search, header) {
  const value = `process.env.${header.variable}!`;
  return `const headers = { "${header.name}": ${header.prefix ? `\`${header.prefix}\${${value}}\`` : value} };
const search = new URLSearchParams([
${search.map((pair) => `  [${pair.map((text) => JSON.stringify(text)).join(", ")}],`).join("\n")}
]);
for (;;) {
  const response = await fetch(\`${url}?\${search}\`, { headers });
  if (response.status === 429) {
    const seconds = Number(response.headers.get("retry-after"));
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    continue;
  }
  if (!response.ok) throw new Error(await response.text());
  const page: { contacts: { id: string }[]; next_cursor: string | null } = await response.json();
  for (const contact of page.contacts) console.log(contact.id);
  if (page.next_cursor === null) break;
  search.set("cursor", page.next_cursor);
}
`;
}

byId("languages").addEventListener("change", write);
byId("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(snippet.textContent);
    byId("copied").textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(snippet); // no permission: the person copies it
    byId("copied").textContent = "Selected: copy it with the keyboard";
  }
});
