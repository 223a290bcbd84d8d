// Sends a parameter of every style through a generated client, and prints the total.
import { client } from "./hey-api/client.gen.ts";
import { listContacts } from "./hey-api/sdk.gen.ts";

const [, , baseUrl, key] = process.argv;
client.setConfig({ baseUrl, headers: { "x-api-key": key } });
const { data, error } = await listContacts({
  query: {
    last: "P60D",
    attribute: { customer_tier: "gold" },
    channel: ["VOICE", "CHAT"],
    queue: ["Billing", "Sales"],
    expand: ["queue", "agent"],
    limit: 1,
  },
});
if (error) throw new Error(JSON.stringify(error));
const [first] = data.contacts;
console.log(JSON.stringify({ total: data.total.value, queue: first.queue_info?.name }));
