# Scripts, nginx template and documents that are installed or shipped.
EXTRA_DIST += .clang-format .editorconfig .clang-tidy docs/architecture.md docs/quality.md bench/google bench/migrate bench/migrate_raw.py \
	bench/migrate_reference.py bench/requirements.txt bench/run bench/peers bench/quality \
	bench/table_score.py bench/make_tables.py bench/scan_dataset.py
dist_man_MANS += docs/man/pdf-ocr-api.8 docs/man/pdf-ocr-extract.1 \
	docs/man/pdf-ocr-migrate.1
nginxdir = $(pkgdatadir)/nginx
dist_nginx_DATA = nginx/nginx.conf.in nginx/fastcgi_params nginx/auth_params \
	nginx/untrusted_headers nginx/refused nginx/refuse_headers nginx/edge.conf nginx/limits.nft
webdir = $(pkgdatadir)/web
dist_web_DATA = web/api.js web/app.js web/corrections.js web/docs.css web/docs.html web/docs.js \
	web/dom.js web/icon.svg web/index.html web/job.js web/key.js web/layer.js web/problems.html web/region_list.js \
	web/regions.js web/results.js web/style.css web/viewer.js
docsdir = $(pkgdatadir)/docs
dist_docs_DATA = docs/openapi.json docs/configuration.md docs/google.md docs/migration.md docs/reliability.md docs/firestore.indexes.json
scriptsdir = $(pkgdatadir)/scripts
dist_scripts_SCRIPTS = scripts/serve scripts/render-nginx scripts/make-certificate scripts/serve-edge
EXTRA_DIST += Dockerfile docker-compose.yml cloudbuild.yaml .dockerignore .hadolint.yaml .yamllint \
	.github/workflows/ci.yml .github/workflows/deploy.yml .github/ISSUE_TEMPLATE/config.yml \
	.github/ISSUE_TEMPLATE/problem.yml .github/ISSUE_TEMPLATE/wish.yml \
	.github/pull_request_template.md deploy.sh monitoring \
	scripts/setup-gcp scripts/setup-cloud-tasks scripts/setup-monitoring scripts/gcloud-steps \
	scripts/artifact-cleanup.json \
	tests/containers tests/deployment
EXTRA_DIST += LICENSE README.md DEPLOYMENT.md SECURITY.md CONTRIBUTING.md NEWS.md scripts/check scripts/install-packages \
	scripts/packages scripts/print-settings scripts/quickstart scripts/chaos scripts/fuzz fuzz/fake_child.c fuzz/fake_child.h fuzz/json.c fuzz/links.c fuzz/reader.c fuzz/recognizer.c \
	fuzz/multipart.c fuzz/jwt.c fuzz/firestore.c fuzz/replies.c fuzz/rows.c fuzz/credentials.c tests/cli tests/check.mk tests/checks tests/sources \
	tests/support.py tests/e2e tests/google tests/openapi .ci/run \
	tests/web/browser.mjs tests/web/scenarios.mjs tests/web/package.json tests/web/package-lock.json
