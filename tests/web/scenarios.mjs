// What a person does on the page. usage: node scenarios.mjs NAME (tests/e2e/test_browser.py)
import assert from "node:assert/strict";
import fs from "node:fs";
import * as b from "./browser.mjs";

const {base, env} = b;
const KEY = () => env.API_KEY;

const scenarios = {
    async found_tables_are_shown_lit_up_and_downloaded(browse) {
        const {context, page} = await browse();
        await page.goto(base + "/");
        await page.setInputFiles("#file", b.sample("text-table"));
        await b.giveKey(page);
        await b.shown(page);
        assert.equal(await page.textContent("#file-name"), "text-table.pdf");
        assert.equal(await page.locator("#thumbnails button").count(), 2);
        const tables = await b.findTables(page);
        assert.equal(await page.textContent("#outcome"), "Extracted");
        const grid = await b.rows(tables.locator("table").first());
        assert.deepEqual(grid[0], ["Article", "Quantity", "Unit price", "Place"]);
        assert.deepEqual(grid[4], ['Hinge "long"', "75", "3.40", "C-03"]);
        assert.deepEqual((await b.rows(tables.locator("table").nth(1)))[2], ["East", "", "2.4"]);

        const api = `/api/v1/jobs/${b.jobId(page)}/results/`;
        for (const [format, extension] of [["csv", "csv"], ["tsv", "tsv"], ["json", "json"], ["markdown", "md"]]) {
            const file = await b.saved(page, format);
            assert.equal(file.name, `text-table.${extension}`);
            assert.deepEqual(file.bytes, await (await b.call(context, "GET", api + format)).body());
        }
        assert.deepEqual((await b.saved(page, "csv")).bytes,
            Buffer.concat([b.expected("text-table"), Buffer.from("\r\n"), b.expected("ruled-table")]));

        const {regions} = await (await b.call(context, "GET", api + "json")).json();
        const washer = regions[0].cells.find((c) => c.text === "Washer");
        await tables.getByText("Washer").hover();
        b.near(await b.placeOf(page, page.locator(".light")), washer.bbox);
        await tables.getByText("Temperature").hover();
        assert.equal(await page.locator(".light").evaluate((light) => light.closest(".sheet").dataset.page), "2");
        assert.equal(await b.pageShown(page), "1 / 2", "pointing does not turn the page");
        await tables.getByText("Temperature").click();
        assert.equal(await b.pageShown(page), "2 / 2");
        b.near(await b.placeOf(page, page.locator(".light")), regions[1].cells[1].bbox);
        await page.locator(".sheet.current .region").hover({position: {x: 6, y: 8}});
        assert.equal(await tables.locator(".lit").textContent(), "Station");
    },

    async found_table_is_in_sight_on_a_phone_and_at_200_percent(browse) {
        for (const options of [b.PHONE, {viewport: {width: 640, height: 400}}]) {
            const {page} = await browse(options);
            await b.open(page, b.sample("ruled-table"));
            const tables = await b.findTables(page);
            const shown = await tables.getByText("Station").evaluate((cell) => {
                const {x, y, width, height} = cell.getBoundingClientRect();
                return document.elementFromPoint(x + width / 2, y + height / 2) === cell;
            });
            assert.ok(shown, `at ${options.viewport.width} px`);
        }
    },

    async pages_are_scrolled_through_one_below_the_other(browse) {
        const {page} = await browse();
        await b.open(page, env.LONG_PDF);
        const current = (n) => page.locator(`#thumbnails [data-page="${n}"][aria-current]`).waitFor();
        const drawn = () => page.locator(".page-image[src]").count();
        await page.locator("#stage").hover();
        await page.mouse.wheel(0, 900);
        await current(2);
        await page.mouse.wheel(0, -900);
        await current(1);
        await page.fill("#page-number", "39");
        await page.keyboard.press("Enter");
        await b.shown(page);
        await page.locator(".sheet[data-page='1'] .page-image:not([src])").waitFor({state: "attached"});
        assert.ok(await drawn() < 10, "pages that are far are let go");
        await page.locator("#stage").evaluate((stage) => { stage.scrollTop = stage.scrollHeight; });
        await current(40);
        await page.click("#add");
        assert.equal(await page.locator("#region-list .where").textContent(), "Page 40Every page");
        await page.click("#zoom-in");
        assert.equal(await b.pageShown(page), "40 / 40", "a zoom stays where it is");
        await page.locator("#stage").focus();
        await page.keyboard.press("PageUp");
        await current(39);
        await page.keyboard.press("Home");
        await current(1);
        await page.locator(".region").waitFor({state: "detached"});
        await page.getByRole("button", {name: "Show Region 1 on the page"}).click();
        await current(40);
        assert.ok(await page.locator(".region").evaluate((region) => region === document.activeElement));
    },

    async tables_over_pages_are_joined_where_asked_for(browse) {
        const {page} = await browse();
        await b.open(page, env.JOINED_PDF);
        let tables = await b.findTables(page);
        assert.equal(await tables.locator("table").count(), 2);
        await page.check("#join");
        await page.click("#find");
        await page.locator("#tables").getByText("Its rows are part of the table in").waitFor();
        tables = page.locator("#tables");
        assert.equal(await tables.locator("table").count(), 1);
        const grid = await b.rows(tables.locator("table"));
        assert.deepEqual([grid.length, grid[0], grid[12]], [13, ["Place", "2019", "2020"], ["Place L", "21", "53"]]);
        await tables.getByText("Place L", {exact: true}).click();
        assert.equal(await b.pageShown(page), "2 / 2");
        await b.open(page, b.sample("form"));
        assert.ok(await page.locator("#join").isHidden(), "it has one page");
    },

    async region_is_drawn_moved_resized_named_and_extracted(browse) {
        const {page} = await browse();
        await b.open(page, b.sample("ruled-table"));
        assert.ok(await page.locator("#extract").isDisabled());
        await b.drag(page, [0.1, 0.3], [0.4, 0.4]);
        const region = page.locator(".region");
        b.near(await b.placeOf(page, region), {x: 0.1, y: 0.3, w: 0.3, h: 0.1});
        await b.drag(page, [0.2, 0.35], [0.15, 0.2]);
        b.near(await b.placeOf(page, region), {x: 0.05, y: 0.15, w: 0.3, h: 0.1});
        await b.drag(page, [0.05, 0.15], [0.03, 0.12]);
        await b.drag(page, [0.35, 0.25], [0.96, 0.9]);
        b.near(await b.placeOf(page, region), {x: 0.03, y: 0.12, w: 0.93, h: 0.78});
        await b.drag(page, [0.97, 0.2], [0.99, 0.3]);
        assert.equal(await region.count(), 2);
        await page.getByRole("button", {name: "Remove Region 2"}).click();
        await page.getByRole("button", {name: "Remove Region 2"}).waitFor({state: "detached"}); // at the next frame
        const name = page.getByLabel("Name of the region");
        await name.fill("Weather");
        await name.press("Tab");
        await page.getByLabel("Type of Weather").selectOption("table");
        await page.getByLabel("Format").selectOption("tsv");
        await page.getByRole("button", {name: "Extract the region"}).click();
        const tables = await b.result(page);
        assert.equal(await tables.locator("h3").textContent(), "Weather");
        const file = await b.saved(page, "tsv");
        assert.equal(file.bytes.toString(), b.expected("ruled-table").toString().replaceAll(",", "\t"));
        assert.deepEqual((await b.saved(page, "csv")).bytes, b.expected("ruled-table"));
    },

    async templates_are_saved_used_renamed_replaced_and_deleted(browse) {
        const {context, page} = await browse(b.FOR_AXE);
        const key = env.OTHER_KEY; // one that has no templates from elsewhere
        const box = page.locator("#templates"), button = (name) => page.getByRole("button", {name, exact: true});
        const told = (words) => page.locator("#template-told").getByText(words).waitFor();
        const named = async (name, press) => {
            await page.fill("#template-name", name);
            await page.locator("dialog[open]").getByRole("button", {name: press, exact: true}).click();
        };
        const listed = async () => (await (await b.call(context, "GET", "/api/v1/templates", {key})).json()).templates
            .map(({name, regions}) => [name, ...regions.map((r) => r.page)]);
        await b.open(page, b.sample("ruled-table"), key);
        assert.ok(await box.isHidden(), "there is nothing to save or to use");
        await b.drag(page, [0.05, 0.13], [0.95, 0.93]);
        await page.getByLabel("Name of the region").fill("Weather");
        await page.getByLabel("Name of the region").press("Tab");
        await button("Save as a template").click();
        await page.locator("dialog[open]").waitFor();
        await b.accessible(page);
        await named("Statement", "Save");
        await told("“Statement” is saved.");
        await b.accessible(page);

        await page.getByLabel("Weather on every page").check();
        await button("Save as a template").click();
        await named("Statement", "Replace");
        await told("“Statement” is replaced.");
        assert.deepEqual(await listed(), [["Statement", "all"]]);
        await button("Undo the change of templates").click();
        await button("Undo the change of templates").waitFor({state: "hidden"});
        await button("Rename the template").click();
        await named("First page", "Rename");
        await told("“Statement” is called “First page” now.");
        assert.deepEqual(await listed(), [["First page", 1]]);
        await button("Save as a template").click();
        await named("Every page", "Save");
        await told("“Every page” is saved.");

        await b.open(page, b.sample("text-table"), key);
        await page.locator("#template option").nth(1).waitFor({state: "attached"});
        await page.locator("#template").selectOption("Every page");
        await button("Use the template").click();
        await told("1 region marked.");
        await page.locator("#thumbnails .count").nth(1).filter({hasText: "1 marked"}).waitFor();
        await button("Use the template").click();
        await told("0 regions marked.");
        await button("Extract the region").click();
        const tables = await b.result(page);
        assert.deepEqual(await tables.locator("h3").allTextContents(), ["Weather, page 1", "Weather, page 2"]);
        assert.equal((await b.rows(tables.locator("table").nth(1)))[0][0], "Station");

        await b.open(page, b.sample("form"), key);
        await page.locator("#template option").nth(1).waitFor({state: "attached"});
        await page.locator("#template").selectOption("First page");
        await button("Delete the template").click();
        await told("“First page” is deleted.");
        assert.deepEqual(await listed(), [["Every page", "all"]]);
        await button("Undo the change of templates").click();
        await page.locator("#template option").nth(1).waitFor({state: "attached"});
        assert.equal((await listed()).length, 2);
    },

    async template_for_a_page_that_the_document_lacks_is_told(browse) {
        const {context, page} = await browse();
        const whole = {x: 0.05, y: 0.13, width: 0.9, height: 0.5};
        assert.equal((await b.call(context, "POST", "/api/v1/templates", {data: {name: "Far",
            regions: [{page: 900, ...whole}, {page: 1, region_id: "Near", ...whole}]}})).status(), 201);
        await b.open(page, b.sample("form"));
        await page.locator("#template").selectOption("Far");
        await page.getByRole("button", {name: "Use the template"}).click();
        await page.locator("#alert").getByText("“Far” marks page 900, but the document has 1 page.").waitFor();
        assert.equal(await page.locator(".tag").textContent(), "Near");
        await page.getByRole("button", {name: "Undo the change of templates"}).click();
        await page.locator(".region").waitFor({state: "detached"});
        await b.call(context, "PUT", `/api/v1/templates/${(await (await b.call(context, "GET", "/api/v1/templates")).json())
            .templates.find((t) => t.name === "Far").template_id}`, {data: {regions: [{page: 900, ...whole}]}});
        await page.reload();
        await page.locator("#template").selectOption("Far");
        await page.getByRole("button", {name: "Use the template"}).click();
        await page.locator("#template-told").getByText("0 regions marked.").waitFor();
        await page.locator("#alert").getByText("marks page 900").waitFor();
    },

    async everything_by_keyboard(browse) {
        const {page} = await browse();
        await b.open(page, b.sample("ruled-table"));
        await page.locator("#add").focus();
        await page.keyboard.press("Enter");
        const region = page.locator(".region");
        const before = await b.placeOf(page, region);
        assert.ok(await region.evaluate((node) => node === document.activeElement));
        for (let i = 0; i < 40; i++) {
            await page.keyboard.press("ArrowUp");
            await page.keyboard.press("ArrowLeft");
        }
        for (let i = 0; i < 90; i++)
            await page.keyboard.press("Shift+ArrowRight");
        for (let i = 0; i < 60; i++)
            await page.keyboard.press("Shift+ArrowDown");
        await page.keyboard.press("Alt+ArrowUp");
        b.near(await b.placeOf(page, region), {x: before.x - 0.2, y: before.y - 0.201, w: 0.95, h: 0.5});
        await page.locator("#add").focus();
        await page.keyboard.press("Enter");
        await page.keyboard.press("Delete");
        assert.equal(await region.count(), 1);
        assert.equal(await page.textContent("#status"), "Region 2 is removed.");
        await page.locator("#extract").focus();
        await page.keyboard.press("Enter");
        const tables = await b.result(page);
        const first = tables.locator("tbody [tabindex='0']");
        await first.focus();
        await page.keyboard.press("ArrowRight");
        await page.keyboard.press("ArrowDown");
        assert.equal(await page.evaluate(() => document.activeElement.textContent), "11.5");
        assert.ok(await page.locator(".light").isVisible());
    },

    async region_is_drawn_by_touch_on_a_phone(browse) {
        const {context, page} = await browse(b.PHONE);
        await b.open(page, b.sample("form"));
        assert.equal(await page.getAttribute("#draw", "aria-pressed"), "false");
        await page.tap("#draw");
        const box = await page.locator(".sheet.current").boundingBox();
        const at = (x, y) => [{x: box.x + x * box.width, y: box.y + y * box.height}];
        const cdp = await context.newCDPSession(page);
        const touch = (type, touchPoints) => cdp.send("Input.dispatchTouchEvent", {type, touchPoints});
        await touch("touchStart", at(0.05, 0.13));
        for (const part of [0.3, 0.6, 1])
            await touch("touchMove", at(0.05 + 0.9 * part, 0.13 + 0.5 * part));
        await page.waitForTimeout(200); // a finger that rests: else Chromium takes the next tap as the end of a fling
        await touch("touchMove", at(0.95, 0.63));
        await touch("touchEnd", []);
        b.near(await b.placeOf(page, page.locator(".region")), {x: 0.05, y: 0.13, w: 0.9, h: 0.5}, 0.02);
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.equal(width, 390, "nothing reaches past the screen");
        await page.tap("#extract");
        const tables = await b.result(page);
        assert.deepEqual((await b.rows(tables.locator("table")))[0], ["Name", "Erika Mustermann"]);
        await tables.getByText("Cologne").tap();
        const inSight = async (locator) => {
            const {y, height} = await locator.boundingBox();
            return y >= 0 && y + height <= b.PHONE.viewport.height;
        };
        assert.ok(await inSight(page.locator(".light")) && await inSight(tables.getByText("Cologne")), "both at once");
        assert.deepEqual((await b.saved(page, "csv")).bytes, b.expected("form"));
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
    },

    async unsure_cells_are_tinted(browse) {
        const {page} = await browse();
        await page.route("**/results/json", async (route) => {
            if (route.request().method() === "HEAD")
                return route.continue();
            const response = await route.fetch();
            const json = await response.json();
            json.regions[0].cells[4].confidence = 0.43;
            json.regions[0].cells[5].confidence = 0.7;
            return route.fulfill({response, json});
        });
        await b.open(page, b.sample("scanned"));
        const tables = await b.findTables(page);
        assert.match(await tables.locator("article > .hint").textContent(), /^table, page 1, read by Tesseract.*, 2 cells unsure/);
        assert.equal(await tables.locator("h3").textContent(), "Table 1");
        assert.equal(await page.locator(".tag").textContent(), "Table 1");
        assert.equal(await tables.locator(".very-low").textContent(), "12 (43 % sure)");
        assert.equal(await tables.locator(".low").textContent(), "24 (70 % sure)");
        assert.ok(await page.locator("#legend").isVisible());
        const tint = (l) => l.evaluate((node) => getComputedStyle(node).backgroundColor);
        assert.notEqual(await tint(tables.locator(".low")), await tint(tables.getByText("Folder")));
    },

    async table_is_sorted_and_copied_as_it_stands(browse) {
        const {context, page} = await browse();
        await context.grantPermissions(["clipboard-read", "clipboard-write"], {origin: base});
        await b.open(page, b.sample("text-table"));
        const tables = await b.findTables(page);
        const table = tables.locator("table").first();
        const column = async (i) => (await b.rows(table)).map((row) => row[i]);
        const sort = table.getByRole("button", {name: "B"});
        await sort.click();
        assert.deepEqual(await column(1), ["Quantity", "75", "310", "850", "1200", "4000"]);
        assert.equal(await table.locator("thead [aria-sort]").getAttribute("aria-sort"), "ascending");
        await sort.click();
        assert.deepEqual(await column(1), ["Quantity", "4000", "1200", "850", "310", "75"]);
        await page.getByRole("button", {name: "Copy Table 1"}).click();
        await page.getByText("Copied; paste").waitFor();
        const copied = (await page.evaluate(() => navigator.clipboard.readText())).split("\n");
        assert.equal(copied[1], "Washer\t4000\t0.02\tB-11");
        const html = await page.evaluate(async () => (await (await navigator.clipboard.read())[0].getType("text/html")).text());
        assert.match(html, /<th\b[^>]*>Article<\/th>.*<td\b[^>]*>Washer<\/td>/s);
        await sort.click();
        assert.deepEqual(await column(1), ["Quantity", "1200", "850", "4000", "75", "310"]);
        const empty = tables.locator("table").nth(1);
        await empty.getByRole("button", {name: "B"}).click();
        assert.deepEqual((await b.rows(empty)).map((row) => row[1]), ["Temperature", "11.5", "12.9", "14.1", ""]);
    },

    async long_table_keeps_its_heads_in_sight(browse) {
        const {page} = await browse();
        await page.route("**/results/json", async (route) => {
            if (route.request().method() === "HEAD")
                return route.continue();
            const response = await route.fetch(), json = await response.json(), [region] = json.regions;
            Object.assign(region.tables[0], {rows: 90, cols: 30});
            region.cells = Array.from({length: 90 * 30}, (_, i) => ({...region.cells[0], header: false, row_span: 1, col_span: 1,
                row: Math.floor(i / 30), col: i % 30, text: i % 30 ? `${i}.50` : `Line ${i / 30}`}));
            return route.fulfill({response, json});
        });
        await b.open(page, b.sample("ruled-table"));
        const table = (await b.findTables(page)).locator(".table-scroll"), focused = () => page.evaluate(() => document.activeElement.textContent);
        await table.getByText("Line 0", {exact: true}).click();
        for (const [key, words] of [["End", "29.50"], ["Home", "Line 0"], ["Control+End", "2699.50"]]) {
            await page.keyboard.press(key);
            assert.equal(await focused(), words);
        }
        const box = await table.boundingBox(), head = await table.locator("thead th").last().boundingBox();
        const number = await table.locator("tbody tr").last().locator(".row-number").boundingBox();
        assert.ok(Math.abs(head.y - box.y) < 3 && Math.abs(number.x - box.x) < 3, "its head and its numbers stay");
        assert.ok(await table.evaluate((node) => node.scrollTop > 500 && node.scrollLeft > 500));
        const align = (words) => table.getByText(words, {exact: true}).evaluate((cell) => getComputedStyle(cell).textAlign);
        assert.deepEqual([await align("Line 0"), await align("29.50")], ["left", "right"]);
        await page.keyboard.press("Control+Home");
        assert.equal(await focused(), "Line 0");
    },

    async cells_are_changed_undone_and_downloaded(browse) {
        const {context, page} = await browse();
        await b.open(page, b.sample("text-table"));
        const tables = await b.findTables(page);
        const table = tables.locator("table").first(), button = (name) => page.getByRole("button", {name, exact: true});
        const grid = () => b.rows(table);
        const read = await grid();
        await table.getByText("Washer").dblclick();
        await page.getByLabel("Text of A4").fill("Ring");
        await page.keyboard.press("Enter");
        assert.deepEqual((await grid())[3], ["Ring", "4000", "0.02", "B-11"]);
        assert.equal(await page.evaluate(() => document.activeElement.textContent), read[4][0], "the next one has the focus");
        await page.keyboard.type("7x");
        await page.keyboard.press("Tab");
        await page.keyboard.press("Escape");
        assert.equal((await grid())[4][0], "7x");
        await button("Edit Table 1").click();
        const bar = page.getByRole("toolbar", {name: "Change Table 1"});
        const tool = (name) => bar.getByRole("button", {name, exact: true});
        await table.getByText("Ring").click();
        await tool("Row above").click();
        assert.deepEqual([(await grid()).length, (await grid())[3]], [7, ["", "", "", ""]]);
        await tool("Delete row").click();
        await table.getByText("Unit price").click();
        await page.keyboard.press("Shift+ArrowRight");
        await tool("Merge cells").click();
        assert.deepEqual((await grid())[0], ["Article", "Quantity", "Unit price Place"]);
        await tool("Split cell").click();
        await page.keyboard.press("ArrowRight");
        await tool("Column right").click();
        assert.equal((await grid())[0].length, 5);
        await page.keyboard.press("ArrowRight");
        await tool("Delete column").click();
        await table.getByText("Article").click();
        await tool("Header").click();
        assert.equal(await table.locator("tbody th:not(.row-number)").count(), 0);
        await table.getByText("Ring").click();
        const mended = await grid();
        for (let i = 0; i < 9; i++)
            await page.keyboard.press("Control+z");
        assert.deepEqual(await grid(), read);
        assert.ok(await button("Undo").isDisabled() && await page.locator("#changed").isHidden());
        for (let i = 0; i < 9; i++)
            await page.keyboard.press("Control+Shift+Z");
        assert.deepEqual(await grid(), mended);

        const csv = (await b.saved(page, "csv")).bytes.toString();
        assert.ok(csv.startsWith("Article,Quantity,Unit price Place,\r\n"), csv);
        assert.ok(csv.includes("\r\nRing,4000,0.02,B-11\r\n7x,"), csv);
        assert.deepEqual((await b.saved(page, "xlsx")).bytes.subarray(0, 2).toString(), "PK");
        const path = `/api/v1/jobs/${b.jobId(page)}/results/csv`;
        assert.ok((await (await b.call(context, "GET", path)).text()).includes("Washer"), "the original stays");
        await page.reload();
        await b.result(page);
        assert.deepEqual(await grid(), mended, "a reload loses nothing");
        await button("As it was read").click();
        assert.deepEqual(await grid(), read);
    },

    async fields_of_a_form_are_changed_undone_and_downloaded(browse) {
        const {page} = await browse(b.FOR_AXE);
        await b.open(page, b.sample("form"));
        await b.drag(page, [0.05, 0.13], [0.95, 0.63]);
        await page.click("#extract");
        const form = (await b.result(page)).locator("table"), grid = () => b.rows(form);
        const read = await grid();
        assert.deepEqual(read[0], ["Name", "Erika Mustermann"]);
        await form.getByText("Erika Mustermann").dblclick();
        await page.getByLabel("Value of field 1").fill("Eva Musterfrau");
        await page.keyboard.press("Enter");
        await page.getByRole("button", {name: /^Edit /}).click();
        const bar = page.getByRole("toolbar");
        assert.deepEqual(await bar.getByRole("button").allTextContents(), ["Row above", "Row below", "Delete row"]);
        await form.getByText("Eva Musterfrau").click();
        await bar.getByRole("button", {name: "Row below"}).click();
        await page.keyboard.press("ArrowDown");
        await page.keyboard.type("0221");
        await page.keyboard.press("Enter");
        await bar.getByRole("button", {name: "Delete row"}).click();
        const mended = await grid();
        assert.deepEqual(mended, [["Name", "Eva Musterfrau"], ["", "0221"], ...read.slice(2)]);
        await b.accessible(page);
        for (let i = 0; i < 4; i++)
            await page.getByRole("button", {name: "Undo", exact: true}).click();
        assert.deepEqual(await grid(), read);
        for (let i = 0; i < 4; i++)
            await page.getByRole("button", {name: "Redo", exact: true}).click();
        assert.deepEqual(await grid(), mended);
        await page.reload();
        await b.result(page);
        assert.deepEqual(await grid(), mended, "a reload loses nothing");
        const csv = (await b.saved(page, "csv")).bytes.toString();
        assert.ok(csv.startsWith("Name,Eva Musterfrau\r\n,0221\r\n"), csv);
        await page.getByRole("button", {name: "As it was read"}).click();
        assert.deepEqual((await b.saved(page, "csv")).bytes, b.expected("form"));
    },

    async document_is_taken_as_a_searchable_pdf_whatever_was_edited(browse) {
        const {page, context} = await browse();
        await b.open(page, b.sample("text-table"));
        await page.selectOption("#format", "pdf");
        const tables = await b.findTables(page);
        const own = await (await b.call(context, "GET", `/api/v1/jobs/${b.jobId(page)}/results/pdf`)).body();
        await tables.locator("table").first().getByText("Washer").dblclick();
        await page.getByLabel("Text of A4").fill("Ring");
        await page.keyboard.press("Enter");
        assert.ok((await b.saved(page, "pdf")).bytes.equals(own));
        assert.ok((await b.saved(page, "csv")).bytes.includes("Ring"));
    },

    async tables_are_downloaded_alone_and_as_a_zip(browse) {
        const {page} = await browse();
        await b.open(page, b.sample("text-table"));
        await b.findTables(page);
        assert.deepEqual((await b.saved(page, "zip")).bytes.subarray(0, 2).toString(), "PK");
        const one = await b.downloaded(page, "Save Table 2");
        assert.equal(one.name, "text-table-2.csv");
        assert.deepEqual(one.bytes, b.expected("ruled-table"));
    },

    async corrections_are_sent_and_counted(browse) {
        const {context, page} = await browse();
        await b.open(page, b.sample("text-table"));
        await b.findTables(page);
        const id = b.jobId(page);
        const {approved_regions: found} = await (await b.call(context, "GET", `/api/v1/jobs/${id}`)).json();
        assert.ok(await page.locator("#send-corrections").isHidden());
        const region = page.locator(".region").first();
        await region.focus();
        await page.keyboard.press("ArrowDown");
        await page.keyboard.press("Shift+ArrowDown");
        await page.getByLabel("Type of Table 1").selectOption("form");
        await page.getByRole("button", {name: "Remove Table 2"}).click();
        await page.getByRole("button", {name: "Restore Table 2"}).click();
        await page.getByRole("button", {name: "Remove Table 2"}).click();
        await page.getByRole("button", {name: "Send 3 corrections"}).click();
        await page.waitForFunction((old) => location.hash !== old, `#job=${id}`);
        await page.getByText("form, page 1").waitFor();
        assert.equal(await page.locator("#tables h3").count(), 1, "the region that was removed is not in the result");
        const told = await (await b.call(context, "GET", `/api/v1/feedback/corrections/${id}`)).json();
        assert.equal(told.count, 1);
        const [gone, resized, retyped] = told.feedback[0].corrections;
        assert.deepEqual(gone, {action: "delete", region_id: "region-1", page: 2, bbox: found[1].bbox});
        assert.equal(resized.action, "resize");
        assert.deepEqual(resized.bbox, found[0].bbox);
        b.near(resized.new_bbox, {...found[0].bbox, y: found[0].bbox.y + 0.005, h: found[0].bbox.h + 0.005}, 1e-4);
        assert.deepEqual([retyped.action, retyped.region_id, retyped.new_region_type], ["retype", "region-0", "form"]);
        const next = b.jobId(page);
        await region.focus();
        await page.keyboard.press("ArrowUp");
        await page.getByRole("button", {name: "Send 1 correction"}).click();
        await page.waitForFunction((old) => location.hash !== old, `#job=${next}`);
        const again = await (await b.call(context, "GET", `/api/v1/feedback/corrections/${next}`)).json();
        assert.equal(again.feedback[0].corrections[0].action, "move");
    },

    async removed_region_leaves_the_result_and_its_downloads(browse) {
        const {page} = await browse();
        await b.open(page, b.sample("text-table"));
        await b.findTables(page);
        await page.getByRole("button", {name: "Remove Table 1"}).click();
        await page.getByRole("button", {name: "Send 1 correction"}).click();
        await page.getByText("Sent. Thank you.").waitFor();
        await page.getByText("Sent for this job: 1.").waitFor();
        await page.waitForFunction(() => document.querySelectorAll("#tables table").length === 1);
        assert.deepEqual((await b.saved(page, "csv")).bytes, b.expected("ruled-table"));
        assert.ok(await page.locator("#send-corrections").isHidden(), "not twice");
    },

    async link_restores_a_job_for_its_owner_only(browse) {
        const {context, page} = await browse();
        await b.open(page, b.sample("text-table"));
        await b.findTables(page);
        const link = page.url();
        await page.reload();
        await b.shown(page);
        const tables = await b.result(page);
        assert.equal(await tables.locator("table").count(), 2);
        assert.equal(await page.locator(".sheet.current .region").count(), 1);
        assert.equal((await b.saved(page, "csv")).name, "text-table.csv");
        assert.deepEqual(await page.evaluate(() => [localStorage.length, document.cookie]), [0, ""]);

        const beside = await context.newPage();
        await beside.goto(link);
        assert.equal(await (await b.result(beside)).locator("table").count(), 2, "a tab beside it knows the key");
        const {page: other} = await browse();
        await other.goto(link);
        await b.giveKey(other, env.OTHER_KEY);
        await other.locator("#alert").getByText("belong to another key").waitFor();
        assert.ok(await other.locator("#workspace").isHidden());
        assert.equal(await other.locator("#tables > *").count(), 0);
        const job = `/api/v1/jobs/${b.jobId(page)}`;
        for (const where of [job, `${job}/results/json`, `/api/v1/feedback/corrections/${b.jobId(page)}`])
            assert.equal((await b.call(context, "GET", where, {key: env.OTHER_KEY})).status(), 404, where);
        assert.equal((await b.call(context, "GET", job)).status(), 200);
    },

    async drawn_regions_and_the_way_back_survive_a_reload(browse) {
        const {page} = await browse();
        await b.open(page, b.sample("ruled-table"));
        await b.drag(page, [0.1, 0.1], [0.9, 0.5]);
        const drawn = await b.placeOf(page, page.locator(".region"));
        await page.reload();
        await b.shown(page);
        b.near(await b.placeOf(page, page.locator(".region")), drawn);
        assert.equal(await page.textContent("#file-name"), "ruled-table.pdf");
        await page.click("#extract");
        await b.result(page);
        await page.goBack();
        await page.locator("#result").waitFor({state: "hidden"});
        await page.locator("#status").getByText("The document has 1 page.").waitFor();
        b.near(await b.placeOf(page, page.locator(".region")), drawn);
        await page.goForward();
        await b.result(page);
        await page.goBack();
        await page.locator("#result").waitFor({state: "hidden"});
        await page.goBack();
        await page.locator("#choose").waitFor();
        await page.locator("#history-list a").first().getByText("ruled-table.pdf").waitFor();
        assert.ok(await page.locator("#workspace").isHidden());
    },

    async two_steps_back_at_once_end_at_the_start(browse) {
        const {page} = await browse();
        await b.open(page, b.sample("ruled-table"));
        await b.findTables(page);
        let release;
        const held = new Promise((done) => { release = done; });
        await page.route("**/api/v1/documents/*", async (route) => {
            await held;
            await route.continue();
        });
        const asked = page.waitForRequest("**/api/v1/documents/*");
        await page.goBack();
        const request = await asked;
        await page.goBack();
        await page.locator("#choose").waitFor();
        release();
        await (await request.response()).finished();
        // What comes after the answer has come when another answer has.
        await page.evaluate(() => fetch("/api/v1/health").then((r) => r.text()));
        assert.ok(await page.locator("#workspace").isHidden());
        assert.ok(await page.locator("#choose").isVisible());
    },

    async next_step_is_the_only_primary_button_and_keeps_the_focus(browse) {
        const {page} = await browse();
        await b.open(page, b.sample("text-table"));
        const primary = () => page.locator("#workspace .primary").evaluateAll((list) => list.map((n) => n.textContent));
        assert.deepEqual(await primary(), ["Find tables"]);
        await page.locator("#find").focus();
        await page.keyboard.press("Enter");
        await b.result(page);
        assert.equal(await page.evaluate(() => document.activeElement.id), "find");
        await page.waitForFunction(() => document.querySelector("#workspace .primary").textContent === "Download CSV");
        assert.equal((await primary()).length, 1);
        await page.locator(".region").first().focus();
        await page.keyboard.press("ArrowDown");
        await page.waitForFunction(() => document.querySelector("#workspace .primary").id === "extract");
        await page.fill("#page-number", "2");
        await page.keyboard.press("Enter");
        assert.equal(await b.pageShown(page), "2 / 2");
        await page.fill("#page-number", "900");
        await page.keyboard.press("Enter");
        assert.equal(await b.pageShown(page), "2 / 2");
        await page.locator("#stage").focus();
        await page.keyboard.press("Home");
        assert.equal(await b.pageShown(page), "1 / 2");
        const panel = page.locator(".panel"), before = (await panel.boundingBox()).width;
        await page.locator("#splitter").focus();
        await page.keyboard.press("ArrowLeft");
        assert.equal(Math.round((await panel.boundingBox()).width - before), 24);
    },

    async link_to_a_job_of_another_client_offers_what_there_is(browse) {
        const {context, page} = await browse();
        const stored = await (await context.request.post(base + "/api/v1/upload/documents", {
            headers: {"X-API-Key": KEY(), "Content-Type": "application/pdf"},
            data: fs.readFileSync(b.sample("form"))})).json();
        const job = await (await b.call(context, "POST", "/api/v1/extract", {data: {pdf_id: stored.pdf_id,
            regions: [{page: 1, x: 0.05, y: 0.13, width: 0.9, height: 0.5}]}})).json();
        await page.goto(`${base}/#job=${job.job_id}`);
        await b.giveKey(page);
        await b.result(page);
        await page.locator("#result-text").getByText("This job kept no cells to show here").waitFor();
        assert.equal(await page.locator("#downloads button").count(), 1);
        assert.deepEqual((await b.saved(page, "csv")).bytes, b.expected("form"));
        const both = await (await b.call(context, "POST", "/api/v1/extract/agentic", {data: {pdf_id: stored.pdf_id,
            output_format: "json", also_formats: ["tsv"]}})).json();
        await page.goto(`${base}/#job=${both.job_id}`);
        await page.waitForFunction(() => document.querySelectorAll("#downloads button").length === 2);
        assert.equal(await page.locator("#tables table").count(), 1);
        await page.goto(`${base}/#job=nonsense`);
        await page.locator("#alert").getByText("There is no job nonsense.").waitFor();
    },

    async hostile_names_and_cells_stay_text(browse) {
        const {page} = await browse();
        const bad = '"><img src=x onerror=window.hacked=1>';
        await b.open(page, {name: `${bad}.pdf`, mimeType: "application/pdf", buffer: fs.readFileSync(env.HOSTILE_PDF)});
        assert.equal(await page.textContent("#file-name"), `${bad}.pdf`);
        await b.drag(page, [0.02, 0.02], [0.98, 0.6]);
        await page.getByLabel("Name of the region").fill(bad);
        await page.getByLabel("Name of the region").press("Tab");
        await page.getByLabel(`Type of ${bad}`).selectOption("table");
        await page.click("#extract");
        const tables = await b.result(page);
        await tables.getByText("<script>window.hacked=1</script>", {exact: true}).waitFor();
        await tables.getByText("<img/src=x/onerror=window.hacked=1>", {exact: true}).waitFor();
        assert.equal(await tables.locator("h3").textContent(), bad);
        await page.reload();
        await b.result(page);
        assert.equal(await page.evaluate(() => window.hacked), undefined);
        assert.equal(await page.locator("img[src=x], main script").count(), 0);
        assert.equal(await page.locator(".tag").textContent(), bad);
    },

    async files_that_will_not_do_are_refused_in_plain_words(browse) {
        const {page} = await browse();
        await page.goto(base + "/");
        await page.evaluate((k) => sessionStorage.setItem("api-key", k), KEY());
        const file = (buffer) => ({name: "a.pdf", mimeType: "application/pdf", buffer: Buffer.from(buffer)});
        const cases = [[file(""), "The file is empty."], [file("hello"), "The file is not a PDF"],
            [file("%PDF-1.7\nnothing"), "damaged"],
            [env.LARGE_PDF, "The file is too large."]];
        for (const [what, words] of cases) {
            await page.setInputFiles("#file", what);
            await page.locator("#alert").getByText(words).waitFor();
            assert.ok(await page.locator("#choose").isVisible());
        }
        await page.setInputFiles("#file", b.sample("form"));
        await b.shown(page);
        assert.ok(await page.locator("#alert").isHidden());
    },

    async password_of_an_encrypted_pdf_is_asked_for(browse) {
        const {page} = await browse();
        await page.goto(base + "/");
        await page.evaluate((k) => sessionStorage.setItem("api-key", k), KEY());
        await page.setInputFiles("#file", env.LOCKED_PDF);
        await page.getByText("The PDF is encrypted: its password is needed.").waitFor();
        await page.fill("#pdf-password", "wrong");
        await page.keyboard.press("Enter");
        await page.getByText("its password is another one").waitFor();
        await page.fill("#pdf-password", "secret");
        await page.keyboard.press("Enter");
        await b.shown(page);
        const tables = await b.findTables(page);
        assert.deepEqual((await b.rows(tables.locator("table")))[0], ["Name", "Erika Mustermann"]);
        assert.ok(!await page.evaluate(() => JSON.stringify({...sessionStorage}).includes("secret")));
        await page.route("**/api/v1/documents/*", async (route) => { // it goes by the code, not by the words
            const response = await route.fetch();
            await route.fulfill({response, json: {...await response.json(), detail: "It is locked."}});
        });
        await page.reload();
        await page.locator("dialog[open]").getByText("It is locked.").waitFor();
        await page.getByRole("button", {name: "Cancel"}).click();
        await page.locator("#alert").getByText("It is locked.").waitFor();
    },

    // Cloud Run ends the body of a request at 32 MiB. Padding between a PDF's end and its start again.
    async large_file_goes_by_its_link(browse) {
        const {page} = await browse();
        await page.goto(base + "/");
        await page.evaluate((k) => sessionStorage.setItem("api-key", k), KEY());
        const pdf = fs.readFileSync(b.sample("form")), tail = pdf.subarray(pdf.lastIndexOf("startxref"));
        const buffer = Buffer.concat([pdf, Buffer.from("%"), Buffer.alloc(32 << 20, "x"), Buffer.from("\n"), tail]);
        const put = page.waitForRequest((r) => r.method() === "PUT" && r.url().includes("/upload/pdfs/"));
        await page.setInputFiles("#file", {name: "large form.pdf", mimeType: "application/pdf", buffer});
        assert.equal((await put).headers()["x-api-key"], undefined);
        await b.shown(page);
        assert.ok(await page.locator("#alert").isHidden());
    },

    async several_files_are_listed_and_each_is_opened(browse) {
        const {page} = await browse(b.FOR_AXE);
        await page.goto(base + "/");
        const file = (name) => ({name: `${name}.pdf`, mimeType: "application/pdf", buffer: fs.readFileSync(b.sample(name))});
        await page.setInputFiles("#file", [file("text-table"),
            {name: "letter.txt", mimeType: "text/plain", buffer: Buffer.from("Dear all")}, file("ruled-table")]);
        await b.giveKey(page);
        const lines = page.locator("#file-list li");
        await lines.nth(0).getByText("done").waitFor();
        await lines.nth(2).getByText("done").waitFor();
        assert.match(await lines.nth(1).textContent(), /^letter\.txt failed: .*not a PDF, nor an image/);
        await b.accessible(page);
        await page.getByRole("link", {name: "ruled-table.pdf"}).first().click();
        await page.locator("#tables").getByText("Temperature").waitFor();
        assert.equal(await page.textContent("#file-name"), "ruled-table.pdf");
        await page.click("#open-another");
        assert.equal(await lines.count(), 3);
        await page.getByRole("button", {name: "Clear the list"}).click();
        assert.ok(await page.locator("#files").isHidden());
        await page.reload();
        await page.locator("#choose").waitFor();
        assert.ok(await page.locator("#files").isHidden());
    },

    async list_of_files_survives_a_reload(browse) {
        const {page, asked} = await browse();
        await page.goto(base + "/");
        await page.evaluate((k) => sessionStorage.setItem("api-key", k), KEY());
        let uploads = 0, hold = true;
        await page.route("**/api/v1/upload/documents", (route) => (uploads++ === 0 ? route.continue() : null)); // the second hangs
        await page.route(/\/api\/v1\/extract\/[0-9a-f]{8}-/, (route) => (hold ? route.fulfill({status: 503,
            contentType: "application/problem+json", body: "{}"}) : route.continue()));
        const file = (name) => ({name: `${name}.pdf`, mimeType: "application/pdf", buffer: fs.readFileSync(b.sample(name))});
        await page.setInputFiles("#file", [{name: "letter.txt", mimeType: "text/plain", buffer: Buffer.from("Dear all")},
            file("ruled-table"), file("text-table"), file("form")]);
        const lines = page.locator("#file-list li");
        await lines.nth(2).getByText("sending").waitFor();
        await lines.nth(1).locator("a[href^='#job=']").waitFor();
        await page.mouse.click(1, 1); // a page is asked only where somebody has done something
        await page.reload();
        assert.deepEqual(asked, ["beforeunload"]);
        assert.match(await lines.nth(0).textContent(), /^letter\.txt failed: /);
        for (const i of [2, 3])
            await lines.nth(i).getByText("not sent, since the page was left: choose it again").waitFor();
        hold = false;
        await lines.nth(1).getByText("done").waitFor();
        await page.reload(); // nothing is lost now
        assert.deepEqual(asked, ["beforeunload"]);
        await lines.nth(1).getByText("done").waitFor();
        await lines.nth(1).getByRole("link").click();
        await page.locator("#tables").getByText("Temperature").waitFor();
        assert.equal(await page.textContent("#file-name"), "ruled-table.pdf");
    },

    async file_is_dropped(browse) {
        const {page} = await browse();
        await page.goto(base + "/");
        await page.evaluate((k) => sessionStorage.setItem("api-key", k), KEY());
        const data = await page.evaluateHandle((bytes) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], "dropped.pdf", {type: "application/pdf"}));
            return transfer;
        }, [...fs.readFileSync(b.sample("form"))]);
        await page.dispatchEvent("#drop", "dragover", {dataTransfer: data});
        assert.ok(await page.locator("#drop.over").isVisible());
        await page.dispatchEvent("#drop", "drop", {dataTransfer: data});
        await b.shown(page);
        assert.equal(await page.textContent("#file-name"), "dropped.pdf");
        await page.click("#zoom-in");
        assert.equal(await page.textContent("#zoom-fit"), "125 %");
        await page.waitForFunction(() => document.querySelector(".sheet.current .page-image").naturalWidth === 1200);
        await page.click("#open-another");
        assert.ok(await page.locator("#choose").isVisible());
    },

    async wrong_key_is_asked_for_again(browse) {
        const {page} = await browse();
        await page.goto(base + "/");
        await page.setInputFiles("#file", b.sample("form"));
        await b.giveKey(page, "wrong-key");
        await page.locator("#key-why").getByText("key").waitFor();
        await page.waitForFunction(() => document.getElementById("key-why").textContent !== "This service needs an API key.");
        await b.giveKey(page);
        await b.shown(page);
        await page.click("#key-button");
        await page.getByText("A key is in use in this tab.").waitFor();
        await page.click("#key-forget");
        assert.equal(await page.evaluate(() => sessionStorage.length), 0);
        await page.click("#find");
        await page.locator("#key-dialog[open]").waitFor();
        await page.keyboard.press("Escape");
        await page.locator("#alert").getByText("An API key is needed.").waitFor();
    },

    // What an operator who lets anybody in looks like from here: no key is sent, and none asked for.
    async no_key_is_asked_for_where_none_is_needed(browse) {
        const {page} = await browse();
        const sent = [];
        await page.route("**/api/v1/**", (route) => {
            sent.push(route.request().headers()["x-api-key"]);
            return route.continue({headers: {...route.request().headers(), "x-api-key": KEY()}});
        });
        await page.goto(base + "/");
        await page.setInputFiles("#file", b.sample("form"));
        await b.shown(page);
        await b.findTables(page);
        assert.ok(await page.locator("#key-dialog").isHidden());
        assert.ok(sent.length > 5 && sent.every((key) => key === undefined));
    },

    async offline_loses_nothing(browse) {
        const {context, page} = await browse();
        await b.open(page, b.sample("text-table"));
        await context.setOffline(true);
        await page.click("#find");
        await page.locator("#alert").getByText("cannot be reached").waitFor();
        await context.setOffline(false);
        // The service takes the job, and its answer is lost.
        const before = (await (await b.call(context, "GET", "/api/v1/jobs?page_size=200")).json()).jobs.length;
        let lose = true;
        await page.route("**/api/v1/extract/agentic", async (route) => {
            if (!lose)
                return route.continue();
            lose = false;
            await route.fetch();
            return route.abort("connectionreset");
        });
        const again = page.getByRole("button", {name: "Try again"});
        await again.click();
        await page.locator("#alert").getByText("cannot be reached").waitFor();
        await again.click();
        await b.result(page);
        const {jobs} = await (await b.call(context, "GET", "/api/v1/jobs?page_size=200")).json();
        assert.equal(jobs.length, before + 1, "one job");
        let cut = true;
        await page.route("**/api/v1/extract/*-*", (route) => (cut ? route.abort("internetdisconnected") : route.continue()));
        await page.click("#find");
        await page.getByText("The connection is lost; the job goes on.").waitFor();
        cut = false;
        await page.locator("#job").waitFor({state: "hidden"});
        assert.equal(await page.locator("#tables table").count(), 2);
        assert.ok(await page.locator("#alert").isHidden());
    },

    async busy_service_is_tried_again_then_told(browse) {
        const {page} = await browse();
        await b.open(page, b.sample("form"));
        let left = 1;
        await page.route("**/api/v1/extract/agentic", (route) => (left-- > 0 ? route.fulfill({status: 503,
            headers: {"Retry-After": "1"}, contentType: "application/problem+json",
            body: JSON.stringify({status: 503, detail: "The job could not be queued; try again."})}) : route.continue()));
        await page.click("#find");
        await page.locator("#notice").getByText("The service is busy. Trying again in 1 second").waitFor();
        await b.result(page);
        assert.ok(left === -1 && await page.locator("#notice").isHidden());
        left = 3;
        await page.click("#find");
        const alert = page.locator("#alert");
        await alert.getByText("The service is busy. The job could not be queued; try again.").waitFor();
        assert.equal(left, 0);
        await page.getByRole("button", {name: "Try again"}).click();
        await alert.waitFor({state: "hidden"});
    },

    async restart_of_the_service_is_told_at_once(browse) {
        const {page} = await browse();
        await b.open(page, b.sample("form"));
        await page.evaluate(() => { // what was told, however short
            window.told = [];
            new MutationObserver(() => window.told.push(document.getElementById("notice").textContent))
                .observe(document.getElementById("notice"), {childList: true});
        });
        const restarting = (route) => route.fulfill({status: 502, body: "<h1>502</h1>"}); // as nginx while nobody listens
        await page.route("**/api/v1/extract/agentic", restarting, {times: 1});
        await page.click("#find");
        await b.result(page);
        assert.deepEqual(await page.evaluate(() => window.told), ["The service is being restarted. Trying again in 1 second…"]);
        assert.ok(await page.locator("#notice").isHidden());
        const looks = /\/api\/v1\/extract\/[0-9a-f]{8}-/;
        await page.route(looks, restarting);
        await page.click("#find");
        await page.locator("#job-text").getByText("The service is being restarted. The job goes on.").waitFor();
        await page.unroute(looks);
        await page.locator("#job").waitFor({state: "hidden"});
        await b.result(page);
        assert.ok(await page.locator("#alert").isHidden());
    },

    async languages_are_asked_for_and_a_missing_one_is_told(browse) {
        const {page} = await browse();
        await b.open(page, b.sample("scanned"));
        await page.getByLabel("Languages of scans").fill("eng, xyz");
        const asked = page.waitForRequest("**/api/v1/extract/agentic");
        await page.click("#find");
        assert.deepEqual((await asked).postDataJSON().languages, ["eng", "xyz"]);
        await page.locator("#alert").getByText("tesseract-ocr-xyz").waitFor();
        await page.getByLabel("Languages of scans").fill("eng");
        await page.click("#find");
        await page.locator("#tables").getByText("Folder").waitFor();
    },

    async failed_job_tells_why(browse) {
        const {page} = await browse();
        await b.open(page, b.sample("text-table"));
        await page.fill("#pages", "9-");
        await page.click("#find");
        await page.locator("#alert").getByText("Page 9 does not exist: the document has 2 pages.").waitFor();
        await page.fill("#pages", "x");
        await page.click("#find");
        await page.locator("#alert").getByText('must be page numbers and ranges such as "1-3,7"').waitFor();
        await page.fill("#pages", "2");
        const tables = await b.findTables(page);
        assert.equal(await tables.locator("table").count(), 1);
    },

    async nothing_found_is_told(browse) {
        const {page} = await browse();
        await b.open(page, b.sample("two-columns"));
        await b.findTables(page);
        assert.equal(await page.textContent("#outcome"), "Nothing was found");
        await page.locator("#result-text").getByText("Draw around what you need").waitFor();
        assert.equal(await page.locator("#downloads button").count(), 0, "there is nothing to download");
    },

    async progress_is_shown_and_a_job_is_cancelled(browse) {
        const {context, page} = await browse();
        await b.open(page, env.LONG_PDF);
        await page.click("#find");
        await page.waitForFunction(() => {
            const told = /^Page (\d+) of 40, \d+ regions? read$/.exec(document.getElementById("job-text").textContent);
            return told && Number(told[1]) > 2 && document.getElementById("job-bar").value > 0.02;
        });
        assert.ok(await page.locator("#job-regions li").count() > 0);
        assert.ok(await page.locator("#extract").isDisabled() && await page.locator("#find").isDisabled());
        await page.getByRole("button", {name: "Cancel"}).click();
        await page.locator("#job").waitFor({state: "hidden"});
        assert.equal(await page.textContent("#status"), "The job was cancelled.");
        const job = await (await b.call(context, "GET", `/api/v1/jobs/${b.jobId(page)}`)).json();
        assert.equal(job.status, "cancelled");
        assert.ok(await page.locator("#find").isEnabled() && await page.locator("#result").isHidden());
    },

    async page_is_accessible(browse) {
        for (const options of [{colorScheme: "light"}, {colorScheme: "dark"}, b.PHONE]) {
            const {page} = await browse({...options, ...b.FOR_AXE});
            await page.goto(base + "/");
            await b.accessible(page);
            await page.setInputFiles("#file", b.sample("scanned"));
            await page.locator("#key-dialog[open]").waitFor();
            await b.accessible(page);
            await b.giveKey(page);
            await b.shown(page);
            await b.findTables(page);
            await page.locator(".region").focus();
            await page.keyboard.press("ArrowDown");
            await b.accessible(page);
        }
    },

    async api_page_is_accessible(browse) {
        for (const options of [{colorScheme: "light"}, {...b.PHONE, colorScheme: "dark"}]) {
            const {page} = await browse({...options, ...b.FOR_AXE});
            await page.goto(base + "/api/v1/docs");
            await page.locator(".operation").first().waitFor();
            await page.locator("summary").first().click();
            await b.accessible(page);
        }
    },

    async api_page_breaks_no_type(browse) {
        for (const viewport of [{width: 1280, height: 800}, {width: 390, height: 844}]) {
            const {page} = await browse({viewport});
            await page.goto(base + "/api/v1/docs");
            await page.locator(".fields").first().waitFor();
            const [types, broken] = await page.locator(".fields td:nth-child(2)").evaluateAll((cells) => {
                const words = cells.filter((cell) => /^\w+$/.test(cell.textContent) && cell.getClientRects().length);
                const range = document.createRange();
                const lines = (cell) => { range.selectNodeContents(cell); return range.getClientRects().length; };
                return [words.length, words.filter((cell) => lines(cell) > 1).map((cell) => cell.textContent)];
            });
            assert.ok(types > 50);
            assert.deepEqual(broken, [], `at ${viewport.width} px`);
        }
    },

    async api_page_tells_every_call_and_tries_it(browse) {
        const {context, page} = await browse();
        await page.goto(base + "/api/v1/docs");
        const spec = await (await b.call(context, "GET", "/api/v1/openapi.json", {key: ""})).json();
        const calls = Object.entries(spec.paths).flatMap(([path, methods]) => Object.keys(methods).map((m) => `${m.toUpperCase()} ${path}`));
        await page.locator(".operation").first().waitFor();
        assert.deepEqual(await page.locator("#operations h3").evaluateAll((list) =>
            list.map((h) => [...h.children].map((c) => c.textContent).join(" "))), calls);
        await page.evaluate((k) => sessionStorage.setItem("api-key", k), KEY());
        const upload = page.locator("#post-api-v1-upload-documents");
        await upload.locator("summary").click();
        await upload.getByLabel("Body").setInputFiles(b.sample("form"));
        await upload.getByRole("button", {name: "Send"}).click();
        const stored = JSON.parse(await upload.locator("pre").textContent());
        const image = page.locator("#get-api-v1-documents-pdf-id-pages-page-png");
        await image.locator("summary").click();
        await image.getByLabel("pdf_id").fill(stored.pdf_id);
        await image.getByLabel("page").fill("1");
        await image.getByLabel("width").selectOption("400");
        await image.getByRole("button", {name: "Send"}).click();
        await page.waitForFunction(() => document.querySelector(".answer img")?.naturalWidth === 400);
        const extract = page.locator("#post-api-v1-extract");
        await extract.locator("summary").click();
        const body = extract.getByLabel("Body");
        await body.fill(JSON.stringify({...JSON.parse(await body.inputValue()), pdf_id: stored.pdf_id}));
        await extract.getByRole("button", {name: "Send"}).click();
        await extract.locator(".answer strong").getByText("202").waitFor();
        await body.fill("{");
        await extract.getByRole("button", {name: "Send"}).click();
        await extract.locator(".answer strong").getByText("400").waitFor();
    },
};

if (process.argv[2] === "--list")
    console.log(Object.keys(scenarios).join("\n"));
else
    await b.run(scenarios[process.argv[2]]);
