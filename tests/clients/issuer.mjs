// An OAuth issuer for tests: oidc-provider gives tokens as a real one does, and orders on standard input make it give
// what no issuer should. It is run with the directory of its packages as the first argument.
//
// Each line of standard input is an order, each line of standard output its answer:
//   {"grant": {"scope": "...", "resource": "..."}}   a token by the client credentials grant
//   {"forge": {"header": {}, "claims": {}, "key": "own" | "other" | "none"}}   a token of any kind
//   {"rotate": true}   the keys become others
//   {"down": true | false}   whether the keys can be read

import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import http from 'node:http';
import readline from 'node:readline';

const packages = createRequire(pathToFileURL(process.argv[2] + '/'));
const load = async name => import(pathToFileURL(packages.resolve(name)));
const { default: Provider } = await load('oidc-provider');
const jose = await load('jose');

const tell = said => console.log(JSON.stringify(said));
let made = 0;

async function newKey(alg) {
    const { privateKey } = await jose.generateKeyPair(alg, { extractable: true });
    return { ...(await jose.exportJWK(privateKey)), alg, use: 'sig', kid: `${alg}-${++made}` };
}

const server = http.createServer();
await new Promise(ready => server.listen(0, '127.0.0.1', ready));
const issuer = `http://127.0.0.1:${server.address().port}`;
let keys, down = false, asked = 0, handle;

async function begin() {
    keys = [await newKey('RS256'), await newKey('ES256')];
    const provider = new Provider(issuer, {
        jwks: { keys },
        clients: [{
            client_id: 'agent', client_secret: 'a secret of the test', grant_types: ['client_credentials'],
            redirect_uris: [], response_types: []
        }],
        scopes: ['openid'],
        features: {
            devInteractions: { enabled: false },
            clientCredentials: { enabled: true },
            resourceIndicators: {
                enabled: true,
                getResourceServerInfo: (_, resource) => ({
                    audience: resource, accessTokenFormat: 'jwt', accessTokenTTL: 600, jwt: { sign: { alg: 'RS256' } },
                    scope: ['read', 'invoke', 'reveal', 'write', 'destroy'].map(risk => `awsmcp:${risk}`).join(' ')
                })
            }
        }
    });
    handle = provider.callback();
}
await begin();
server.on('request', (request, response) => {
    if (request.url === '/jwks') {
        asked += 1;
        if (down) return response.writeHead(503).end('down');
    }
    handle(request, response);
});

async function grant({ scope, resource }) {
    const answer = await fetch(`${issuer}/token`, {
        method: 'POST',
        headers: {
            authorization: `Basic ${Buffer.from(`agent:${encodeURIComponent('a secret of the test')}`).toString('base64')}`,
            'content-type': 'application/x-www-form-urlencoded'
        },
        body: new URLSearchParams({ grant_type: 'client_credentials', scope, resource })
    });
    const body = await answer.json();
    if (!body.access_token) throw new Error(JSON.stringify(body));
    return body.access_token;
}

async function forge({ header = {}, claims = {}, key = 'own' }) {
    if (key === 'none') {
        const part = value => Buffer.from(JSON.stringify(value)).toString('base64url');
        return `${part({ alg: 'none', ...header })}.${part(claims)}.`;
    }
    const alg = header.alg ?? 'RS256';
    if (alg.startsWith('HS')) {
        // The public key as the secret of an HMAC: the classic confusion of algorithms.
        const open = keys.find(known => known.alg === 'RS256');
        const secret = new TextEncoder().encode(JSON.stringify({ kty: open.kty, n: open.n, e: open.e }));
        return new jose.SignJWT(claims).setProtectedHeader({ kid: open.kid, ...header }).sign(secret);
    }
    const mine = keys.find(known => known.alg === alg);
    const jwk = key === 'other' ? await newKey(alg) : mine;
    return new jose.SignJWT(claims)
        .setProtectedHeader({ alg, kid: mine.kid, ...header })
        .sign(await jose.importJWK(jwk, alg));
}

tell({ issuer });
for await (const line of readline.createInterface({ input: process.stdin })) {
    const order = JSON.parse(line);
    try {
        if (order.grant) tell({ token: await grant(order.grant) });
        else if (order.forge) tell({ token: await forge(order.forge) });
        else if (order.rotate) { await begin(); tell({ rotated: true }); }
        else if ('down' in order) { down = order.down; tell({ down }); }
        else tell({ asked });
    } catch (error) {
        tell({ error: String(error) });
    }
}
process.exit(0);
