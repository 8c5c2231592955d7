// What opens an encrypted PDF.

import {ask} from "./ask.js";

// Resolves to the password, or to null where somebody thinks better of it.
export const askPassword = (why) => ask({title: "Password of the PDF", why, label: "Password", button: "Open",
    hint: "It is used for this document and kept nowhere.", attributes: {id: "pdf-password", type: "password"}});
