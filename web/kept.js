// What a reload must not lose: kept in the tab's session, gone with the tab.

export function kept(key) {
    const text = sessionStorage.getItem(key);
    return text === null ? null : JSON.parse(text);
}

// value null: nothing is kept. What does not fit into the browser's store is lost when the page is
// left, and nothing else.
export function keep(key, value) {
    if (value === null)
        return sessionStorage.removeItem(key);
    try {
        return sessionStorage.setItem(key, JSON.stringify(value));
    } catch (e) {
        if (e.name !== "QuotaExceededError")
            throw e;
        return sessionStorage.removeItem(key);
    }
}
