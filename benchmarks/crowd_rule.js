// A node of Node-RED: the crowd rule for one count of people. The context of a node is
// in memory alone.
const { people, dwellMs, dropoutMs, cooldownMs } = RULE;
context.taken = (context.taken || 0) + 1;
flow.set("taken", { count: context.taken, atMs: Date.now() });
const zones = context.zones || (context.zones = {});
const at = msg.payload.ts;
const found = msg.payload.counts.person;
let crowd = zones[msg.topic];
if (found >= people) {
    if (!crowd || crowd.ended) {
        crowd = zones[msg.topic] = { began: at, raised: crowd ? crowd.raised : -Infinity };
        crowd.told = false;
    }
    crowd.last = at;
    const held = at - crowd.raised < cooldownMs;
    if (!crowd.told && !held && at - crowd.began >= dwellMs) {
        crowd.told = true;
        crowd.raised = at;
        return { payload: { topic: msg.topic, began: crowd.began, at, people: found } };
    }
} else if (crowd && at - crowd.last > dropoutMs) {
    crowd.ended = true;
}
return null;
