// A certified OpenID Connect provider, as a test wants it:
//   node oidc_provider.mjs LIBRARY SETTINGS
// SETTINGS, JSON: port, client (its metadata), people {id: claims}.
const [library, given] = process.argv.slice(2);
const { Provider } = await import(library);
const { port, client, people } = JSON.parse(given);

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [client],
  claims: {
    openid: ['sub'],
    profile: ['preferred_username', 'groups'],
    email: ['email', 'email_verified'],
  },
  features: { backchannelLogout: { enabled: true } },
  findAccount: (_ctx, id) => people[id] && {
    accountId: id,
    claims: () => ({ sub: id, ...people[id] }),
  },
  // Its own way refuses addresses of this machine, where the tests are.
  fetch: (url, options) => fetch(url, { ...options, dispatcher: undefined }),
  pkce: { required: () => true },
});
for (const event of ['server_error', 'grant.error', 'backchannel.error']) {
  provider.on(event, (...all) => console.log(event, ...all.map(String)));
}
provider.listen(port, '127.0.0.1', () => console.log('the provider listens'));
