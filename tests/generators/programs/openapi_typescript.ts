import type { components } from "./client";

type Usage = components["schemas"]["CustomerLicensesUsageInsightsCollection"];
type Customers = components["schemas"]["CustomerCollection"];
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

async function main(url: string, token: string, customer: string): Promise<void> {
  const get = async (path: string): Promise<unknown> =>
    (await fetch(url + path, { headers: { Authorization: `Bearer ${token}` } })).json();
  const usage = (await get(`/v1/customers/${customer}/analytics/licenses/usage`)) as Usage;
  const customers = (await get("/v1/customers?size=1")) as Customers;
  const active = usage.items[0].licensesActive;
  const continuation = customers.links.next?.headers[0].value;
  const typed: [Same<typeof active, number>, Same<typeof continuation, string | undefined>] = [true, true];
  console.log(JSON.stringify({ usage, customers, read: [active, continuation], typed }));
}

const [url, token, customer] = process.argv.slice(2);
void main(url, token, customer);
