import { customerLicensesUsage, customers as listCustomers } from "./client";
import { client } from "./client/client.gen";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

async function main(baseUrl: string, token: string, customer: string): Promise<void> {
  client.setConfig({ baseUrl, auth: () => token });
  const throwOnError = true;
  const { data: usage } = await customerLicensesUsage({ path: { "customer-id": customer }, throwOnError });
  const { data: customers } = await listCustomers({ query: { size: 1 }, throwOnError });
  const active = usage.items[0].licensesActive;
  const continuation = customers.links.next?.headers[0].value;
  const typed: [Same<typeof active, number>, Same<typeof continuation, string | undefined>] = [true, true];
  console.log(JSON.stringify({ usage, customers, read: [active, continuation], typed }));
}

const [url, token, customer] = process.argv.slice(2);
void main(url, token, customer);
