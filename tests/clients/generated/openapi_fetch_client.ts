// Sends a parameter of every style through a client with generated types, and prints the total.
import createClient from "openapi-fetch";
import type { paths } from "contact-search-client";

const [, , baseUrl, key] = process.argv;
const client = createClient<paths>({ baseUrl, headers: { "x-api-key": key } });
const { data, error } = await client.GET("/v1/contacts", {
  params: {
    query: {
      last: "P60D",
      attribute: { customer_tier: "gold" },
      channel: ["VOICE", "CHAT"],
      queue: ["Billing", "Sales"],
      expand: ["queue", "agent"],
      limit: 1,
    },
  },
});
if (error) throw new Error(JSON.stringify(error));
const [first] = data.contacts;
console.log(JSON.stringify({ total: data.total.value, queue: first.queue_info?.name }));
