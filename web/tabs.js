// The tabs of this page in one browser tell each other the key, so that a new one need not ask.

const channel = new BroadcastChannel("api-key");

// Takes the key of another tab, if this one has none, and gives its own to those that ask.
// onKey() is told when one has come.
export function shareKey(api, onKey) {
    channel.onmessage = ({data}) => {
        if (data.ask && api.key)
            channel.postMessage({key: api.key});
        if (data.key && !api.key) {
            api.key = data.key;
            onKey();
        }
    };
    if (!api.key)
        channel.postMessage({ask: true});
}
