# Scripts, nginx template and documents that are installed or shipped.
EXTRA_DIST += .clang-format .editorconfig .clang-tidy docs/architecture.md docs/page.png docs/quality.md bench/google bench/migrate bench/migrate_raw.py \
	bench/migrate_reference.py bench/one_call bench/requirements.txt bench/pages bench/run bench/scale bench/scans bench/peers bench/quality \
	bench/table_score.py bench/make_tables.py bench/scan_dataset.py
dist_man_MANS += docs/man/pdf-ocr-api.8 docs/man/pdf-ocr-extract.1 \
	docs/man/pdf-ocr-migrate.1
nginxdir = $(pkgdatadir)/nginx
dist_nginx_DATA = nginx/nginx.conf.in nginx/fastcgi_params nginx/auth_params \
	nginx/untrusted_headers nginx/refused nginx/refuse_headers nginx/edge.conf nginx/edge_files.conf.in nginx/limits.nft
webdir = $(pkgdatadir)/web
dist_web_DATA = web/api.js web/app.js web/ask.js web/corrections.js web/docs.css web/docs.html web/docs.js \
	web/dom.js web/downloads.js web/edit_bar.js web/edits.js web/files.js web/history.js web/icon.svg web/index.html web/job.js web/kept.js web/key.js web/layer.js web/layers.js web/page_images.js web/password.js web/problems.html web/region_list.js \
	web/regions.js web/result_table.js web/results.js web/splitter.js web/style.css web/table_model.js web/tabs.js web/templates.js web/thumbnails.js web/viewer.js
docsdir = $(pkgdatadir)/docs
dist_docs_DATA = docs/openapi.json docs/configuration.md docs/webhooks.md docs/google.md docs/scale.md docs/migration.md docs/reliability.md docs/firestore.indexes.json
scriptsdir = $(pkgdatadir)/scripts
dist_scripts_SCRIPTS = scripts/serve scripts/render-nginx scripts/make-certificate scripts/serve-edge
EXTRA_DIST += Dockerfile docker-compose.yml cloudbuild.yaml .dockerignore .hadolint.yaml .yamllint \
	.github/dependabot.yml .github/workflows/ci.yml .github/workflows/deploy.yml .github/ISSUE_TEMPLATE/config.yml \
	.github/ISSUE_TEMPLATE/problem.yml .github/ISSUE_TEMPLATE/wish.yml \
	.github/pull_request_template.md deploy.sh monitoring kubernetes \
	scripts/setup-gcp scripts/setup-cloud-tasks scripts/setup-monitoring scripts/check-image scripts/gcloud-steps \
	scripts/artifact-cleanup.json \
	tests/containers tests/deployment
EXTRA_DIST += debian/changelog debian/control debian/copyright debian/pdf-ocr-api.docs debian/pdf-ocr-api.lintian-overrides \
	debian/rules debian/source/format
EXTRA_DIST += LICENSE README.md DEPLOYMENT.md SECURITY.md CONTRIBUTING.md NEWS.md scripts/check scripts/install-packages \
	scripts/packages scripts/print-settings scripts/sbom scripts/quickstart scripts/chaos scripts/corpus scripts/fuzz fuzz/fake_child.c fuzz/fake_child.h fuzz/json.c fuzz/links.c fuzz/reader.c fuzz/recognizer.c fuzz/s3.c fuzz/keys.c fuzz/rules.c \
	fuzz/multipart.c fuzz/jwt.c fuzz/firestore.c fuzz/replies.c fuzz/rows.c fuzz/credentials.c fuzz/edits.c fuzz/outbound.c tests/cli tests/check.mk tests/checks tests/sources \
	tests/support.py tests/e2e tests/google tests/openapi tests/s3 .ci/run \
	tests/web/browser.mjs tests/web/scenarios.mjs tests/web/package.json tests/web/package-lock.json
