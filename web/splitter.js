// The line between the page and the panel: dragged, or moved by the arrow keys.

const LEAST = 320, VIEWER_LEAST = 360; // pixels of the panel, and of what is left of it
const STEP = 24;

export function setUpSplitter(line, workspace) {
    const most = () => Math.max(workspace.clientWidth - VIEWER_LEAST, LEAST);
    const width = () => Math.round(workspace.getBoundingClientRect().right - line.getBoundingClientRect().right);
    const set = (wanted) => {
        const pixels = Math.round(Math.min(Math.max(wanted, LEAST), most()));
        workspace.style.setProperty("--panel", `${pixels}px`);
        line.setAttribute("aria-valuenow", String(pixels));
        line.setAttribute("aria-valuemax", String(most()));
    };
    line.setAttribute("aria-valuemin", String(LEAST));
    new ResizeObserver(() => {
        if (workspace.clientWidth > 0)
            line.setAttribute("aria-valuenow", String(width()));
    }).observe(workspace);
    line.onpointerdown = (e) => {
        line.setPointerCapture(e.pointerId);
        e.preventDefault();
        line.focus();
    };
    line.onpointermove = (e) => {
        if (line.hasPointerCapture(e.pointerId))
            set(workspace.getBoundingClientRect().right - e.clientX);
    };
    line.onkeydown = (e) => {
        const by = {ArrowLeft: STEP, ArrowRight: -STEP, Home: -Infinity, End: Infinity}[e.key];
        if (by === undefined)
            return;
        set(width() + by);
        e.preventDefault();
    };
}
