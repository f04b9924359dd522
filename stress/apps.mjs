// Reads provisioning addresses with otpauth and otplib, for stress/app_programs.py: JSON comes and goes.
// Both are installed in the current folder, which is not this file's.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const found = createRequire(`${process.cwd()}/`);
const load = (name) => import(pathToFileURL(found.resolve(name)));
const [{ URI }, { generateSync }, { parse }] = await Promise.all(["otpauth", "otplib", "@otplib/uri"].map(load));

const readers = {
  otpauth: (uri, moments) => {
    const read = URI.parse(uri);
    const codes = moments.map((second) => read.generate({ timestamp: second * 1000 }));
    return { issuer: read.issuer, account: read.label, secret: read.secret.base32, period: read.period, codes };
  },
  otplib: (uri, moments) => {
    const { label, params } = parse(uri);
    const { issuer, secret, ...more } = params;
    const codes = moments.map((epoch) => generateSync({ secret, ...more, epoch }));
    return { issuer, account: label.slice(label.indexOf(":") + 1), secret, period: more.period, codes };
  },
};

const { library, uris, moments } = JSON.parse(readFileSync(0, "utf8"));
const read = uris.map((uri) => {
  try { return readers[library](uri, moments); } catch (error) { return { error: String(error) }; }
});
process.stdout.write(JSON.stringify(read));
