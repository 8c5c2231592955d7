#!/bin/bash
# Deploys the service to Cloud Run: a new revision gets no traffic, then some, then all of it, and
# none again as soon as it is not healthy.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=scripts/gcloud-steps
. scripts/gcloud-steps

usage() {
    cat <<'TEXT'
usage: ./deploy.sh --project P [options]
       ./deploy.sh --project P --rollback [REVISION]

What is not given and has no default is asked for at a terminal.

What the service has and is not given here stays as it is.

  --project P       the project (GCP_PROJECT_ID)
  --region R        (us-central1)
  --service S       name of the service (pdf-ocr-api)
  --bucket B        bucket of uploads and results (P-pdf-ocr)
  --processor ID    Document AI processor (GCP_PROCESSOR_ID); without, scans are read by Tesseract
  --processor-location L  (us)
  --dataset D       BigQuery dataset (data_hero)
  --origins LIST    origins of web clients, comma separated
  --url U           where clients reach the service, where it is not Cloud Run's own address
  --set NAME=VALUE  any setting of docs/configuration.md; may be given several times
  --unset NAME      takes a setting or a secret off the service
  --env-file F      settings from a file, NAME=VALUE a line
  --keys-secret S   the secret with API_KEYS_FILE (pdf-ocr-keys, where the service has no keys yet)
  --gemini          use Gemini, with the secret gemini-api-key
  --kms-key K       projects/../cryptoKeys/K: the revision's image is encrypted with it
  --image I         this image; else one is built by Cloud Build from this folder
  --wait S          for how many seconds a revision may take to be healthy (120)
  --canary N        per cent of the traffic that tries the new revision first (10)
  --watch S         for how many seconds it is watched with that (60)
  --canary-key S    the secret with the key for one extraction by it (pdf-ocr-client-key)
  --rollback [REV]  all traffic to the revision before, or to REV
  --yes             do not ask before the first change
  --dry-run         print every command, run none
TEXT
}

project=${GCP_PROJECT_ID:-} region=us-central1 service=pdf-ocr-api bucket="" url="" image=""
processor=${GCP_PROCESSOR_ID:-} processor_location="" dataset="" origins="" gemini="" keys_secret="" kms_key=""
given=() unset=() canary_key=pdf-ocr-client-key

read_env_file() {
    local line
    [ -r "$1" ] || fail "$1 cannot be read"
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in '' | '#'*) ;; *) given+=("$line") ;; esac
    done <"$1"
}

wait=120 canary=10 watch=60 rollback="" to="" yes=""
while [ $# -gt 0 ]; do
    case $1 in
    --project) project=$2; shift 2 ;;
    --region) region=$2; shift 2 ;;
    --service) service=$2; shift 2 ;;
    --bucket) bucket=$2; shift 2 ;;
    --processor) processor=$2; shift 2 ;;
    --processor-location) processor_location=$2; shift 2 ;;
    --dataset) dataset=$2; shift 2 ;;
    --origins) origins=$2; shift 2 ;;
    --url) url=$2; shift 2 ;;
    --set) given+=("$2"); shift 2 ;;
    --unset) unset+=("$2"); shift 2 ;;
    --env-file) read_env_file "$2"; shift 2 ;;
    --keys-secret) keys_secret=$2; shift 2 ;;
    --gemini) gemini=yes; shift ;;
    --kms-key) kms_key=$2; shift 2 ;;
    --image) image=$2; shift 2 ;;
    --wait) wait=$2; shift 2 ;;
    --canary) canary=$2; shift 2 ;;
    --watch) watch=$2; shift 2 ;;
    --canary-key) canary_key=$2; shift 2 ;;
    --rollback)
        rollback=yes; shift
        case ${1:-} in '' | --*) ;; *) to=$1; shift ;; esac ;;
    --yes) yes=yes; shift ;;
    --dry-run) dry_run=yes; shift ;;
    --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
    esac
done
need project "the project (--project)"
account=pdf-ocr-api@$project.iam.gserviceaccount.com
tasks_account=pdf-ocr-tasks@$project.iam.gserviceaccount.com
where=(--project="$project" --region="$region")

describe() { # placeholder, format, further flags...
    local placeholder=$1 format=$2
    shift 2
    ask "$placeholder" gcloud run services describe "$service" "${where[@]}" --format="$format" "$@"
}

# What the service is set to: NAME=VALUE a line, from secrets NAME= alone. Nothing before the first
# deployment.
read_present() {
    present=""
    there gcloud run services describe "$service" "${where[@]}" || return 0
    exists=yes
    present=$(describe "" 'value[separator="="](spec.template.spec.containers.env.name,spec.template.spec.containers.env.value)' \
        --flatten='spec.template.spec.containers[].env[]') || fail "the service's settings cannot be read"
}

has() { grep -q "^$1=" <<<"$present"; }
value_of() { sed -n "s/^$1=//p" <<<"$present"; }

put() { # NAME=VALUE; in the place of one that is there
    local i
    for i in "${!settings[@]}"; do
        if [ "${settings[i]%%=*}" = "${1%%=*}" ]; then
            settings[i]=$1
            return
        fi
    done
    settings+=("$1")
}

# Chooses a setting: what was given; else what the service has stays; else the default.
choose() { # NAME, given, default
    if [ -n "$2" ]; then
        put "$1=$2"
    elif ! has "$1"; then
        put "$1=$3"
    fi
}

# The value that a setting will have.
chosen() {
    local pair found
    found=$(value_of "$1")
    for pair in "${settings[@]}"; do
        [ "${pair%%=*}" != "$1" ] || found=${pair#*=}
    done
    echo "$found"
}

# The pools and the concurrency: DEPLOYMENT.md, "Scaling".
choose_settings() {
    local pair
    settings=(BACKEND=google "GCP_PROJECT_ID=$project" "TASKS_SERVICE_ACCOUNT=$tasks_account"
        "TASK_QUEUE_LOCATION=$region") secrets=()
    choose GCS_BUCKET_NAME "$bucket" "$project-pdf-ocr"
    choose API_BASE_URL "$url" "$own_url"
    choose BIGQUERY_DATASET "$dataset" data_hero
    choose GCP_LOCATION "$processor_location" us
    choose GCP_PROCESSOR_ID "$processor" ""
    choose CORS_ORIGINS "$origins" ""
    choose TRUSTED_PROXIES "" any
    choose DATA_DIR "" /tmp/data
    choose API_WORKERS "" 4
    choose TASK_WORKERS "" 4
    choose NGINX_WORKERS "" 2
    choose TASK_DEADLINE_S "" 285
    choose GOOGLE_PARALLEL_CALLS "" 2
    choose READER_MEMORY_BYTES "" 402653184
    if [ -n "$keys_secret" ] || ! { has API_KEY || has API_KEYS_FILE; }; then
        secrets+=("/keys/keys.json=${keys_secret:-pdf-ocr-keys}:latest")
        put API_KEYS_FILE=/keys/keys.json
    fi
    [ -z "$gemini" ] || secrets+=(GEMINI_API_KEY=gemini-api-key:latest)
    if ! has SEALING_KEY && there gcloud secrets describe pdf-ocr-sealing-key --project="$project"; then
        secrets+=(SEALING_KEY=pdf-ocr-sealing-key:latest)
    fi
    for pair in "${given[@]}"; do
        [[ $pair =~ ^[A-Z][A-Z0-9_]*= ]] || fail "NAME=VALUE expected, not $pair"
        put "$pair"
    done
    for pair in "${settings[@]}"; do
        [[ $pair != *'|'* ]] || fail "${pair%%=*} holds a bar"
    done
}

# What the deployment does to the service's settings.
show_plan() {
    local pair name
    for pair in "${settings[@]}"; do
        name=${pair%%=*}
        if ! has "$name"; then
            echo "  new:     $pair"
        elif [ "$(value_of "$name")" != "${pair#*=}" ]; then
            echo "  changed: $pair (was $(value_of "$name"))"
        fi
    done
    for pair in "${secrets[@]}"; do echo "  secret:  $pair"; done
    for name in "${unset[@]}"; do echo "  goes:    $name"; done
    while IFS= read -r pair; do
        name=${pair%%=*}
        [ -z "$name" ] || [[ " ${settings[*]%%=*} ${unset[*]} " == *" $name "* ]] ||
            echo "  stays:   $name"
    done <<<"$present"
}

# The revision that most of the traffic goes to.
serving() {
    describe "100 $service-STABLE" 'value[separator=" "](status.traffic.percent,status.traffic.revisionName)' \
        --flatten=status.traffic | sort -rn | sed -n '1s/^[0-9]* *//p'
}

traffic() { # revision=percent,...
    run gcloud run services update-traffic "$service" "${where[@]}" --to-revisions="$1" --quiet
}

ready() { curl -fsS -m 10 -o /dev/null "$1/api/v1/health/ready"; }

# Twice in a row, so that one lucky answer is not enough.
healthy() { # URL, seconds
    local until=$((SECONDS + $2)) good=0
    if [ -n "$dry_run" ]; then
        show curl -fsS -m 10 -o /dev/null "$1/api/v1/health/ready"
        return
    fi
    while [ "$SECONDS" -le "$until" ]; do
        if ready "$1"; then
            good=$((good + 1))
            [ "$good" -lt 2 ] || return 0
        else
            good=0
        fi
        sleep 1
    done
    return 1
}

# Every answer must be good while the canary has its share, and no request of anybody's may have
# failed there.
watched() { # URL, seconds, revision
    local until=$((SECONDS + $2)) failed
    while [ -z "$dry_run" ] && [ "$SECONDS" -lt "$until" ]; do
        ready "$1" || return 1
        sleep 1
    done
    failed=$(ask "" gcloud logging read --project="$project" --limit=1 --freshness="$(($2 + 60))s" \
        --format='value(httpRequest.requestUrl)' \
        "resource.type=cloud_run_revision resource.labels.revision_name=$3 httpRequest.status>=500") ||
        return 1
    [ -z "$failed" ] || { echo "$script: $3 answered 5xx: $failed" >&2; return 1; }
}

# A PDF of one line, as small as they come.
small_pdf() {
    printf '%s\n' '%PDF-1.4' '1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj' \
        '2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj' \
        '3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 100]/Contents 5 0 R/Resources<</Font<</F 4 0 R>>>>>>endobj' \
        '4 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj' \
        '5 0 obj<</Length 41>>stream' 'BT /F 12 Tf 20 50 Td (canary sings) Tj ET' 'endstream endobj' \
        'trailer<</Root 1 0 R>>'
}

# One real extraction: bucket, database, queue, page reader and links all take part.
extracts() { # URL
    local key dir pdf job status="" until=$((SECONDS + wait))
    key=$(ask KEY gcloud secrets versions access latest --project="$project" --secret="$canary_key") ||
        { echo "$script: the secret $canary_key cannot be read: no extraction is tried" >&2; return 0; }
    [ -z "$dry_run" ] || return 0
    dir=$(mktemp -d)
    (umask 077; printf 'header = "X-API-Key: %s"\n' "$key" >"$dir/curl")
    small_pdf >"$dir/canary.pdf"
    pdf=$(curl -fsS -m 60 -K "$dir/curl" -H 'Content-Type: application/pdf' --data-binary @"$dir/canary.pdf" \
        "$1/api/v1/upload/documents" | sed -n 's/.*"pdf_id": *"\([^"]*\)".*/\1/p') || pdf=""
    job=$(curl -fsS -m 60 -K "$dir/curl" -H 'Content-Type: application/json' \
        -d "{\"pdf_id\":\"$pdf\",\"regions\":[{\"page\":1,\"x\":0,\"y\":0,\"width\":1,\"height\":1}],\"output_format\":\"json\"}" \
        "$1/api/v1/extract" | sed -n 's/.*"job_id": *"\([^"]*\)".*/\1/p') || job=""
    while [ -n "$job" ] && [ "$SECONDS" -le "$until" ]; do
        status=$(curl -fsS -m 60 -K "$dir/curl" "$1/api/v1/extract/$job" |
            sed -n 's/.*"status": *"\([^"]*\)".*/\1/p') || status=""
        case $status in completed | failed | cancelled) break ;; esac
        sleep 1
    done
    rm -rf "$dir"
    [ "$status" = completed ]
}

roll_back() {
    if [ -z "$to" ]; then
        to=$(ask "$service-BEFORE" gcloud run revisions list "${where[@]}" --service="$service" \
            --filter='status.conditions.type=Ready AND status.conditions.status=True' \
            --sort-by=~metadata.creationTimestamp --format='value(metadata.name)' |
            grep -vxF "$(serving)" | head -1) || true
    fi
    [ -n "$to" ] || fail "there is no earlier revision"
    traffic "$to=100"
    echo "All traffic goes to $to."
}

# Cloud Run's address is known before the service is.
service_url() {
    local number
    number=$(ask PROJECT_NUMBER gcloud projects describe "$project" --format='value(projectNumber)')
    own_url=https://$service-$number.$region.run.app
}

build_image() {
    [ -z "$image" ] || return 0
    local revision
    revision=$(git rev-parse --short=12 HEAD 2>/dev/null || date -u +%Y%m%d%H%M%S)
    image=$region-docker.pkg.dev/$project/pdf-ocr/pdf-ocr-api:$revision
    run gcloud builds submit . --project="$project" --config=cloudbuild.yaml \
        --service-account="projects/$project/serviceAccounts/pdf-ocr-build@$project.iam.gserviceaccount.com" \
        --substitutions="_REGION=$region,_IMAGE=$image,_REVISION=$revision,_DEPLOY=no"
}

# Tables and views for analysts; what is there is never changed.
make_tables() {
    run gcloud run jobs deploy "$service-tables" "${where[@]}" --image="$image" \
        --service-account="$account" --command=pdf-ocr-migrate --args=--create-tables \
        --set-env-vars="GCP_PROJECT_ID=$project,BIGQUERY_DATASET=$(chosen BIGQUERY_DATASET)" --max-retries=1 \
        --execute-now --wait --quiet
}

joined() { # separator, words...
    local IFS=$1
    shift
    echo "$*"
}

# nginx waits 10 s longer than an extraction may take; Cloud Run waits for nginx. Its own most is an
# hour, and Cloud Tasks waits 30 minutes.
timeout_s() { echo $(($(chosen TASK_DEADLINE_S) + 15)); }

# Starting does not need Google: an instance that is up serves, and says by its readiness what it lacks.
# Whether it lives is nginx's answer alone: workers that all wait for a slow Firestore, or read what
# Document AI was paid for, are no reason to end it.
# The service checks callers itself. Its door for everybody is Cloud Run's check switched off, and not
# a role for allUsers, which organisations that share within their domains only forbid.
deploy() { # further flags...
    local flags=("--update-env-vars=^|^$(joined '|' "${settings[@]}")")
    [ -z "$kms_key" ] || flags+=("--key=$kms_key")
    [ ${#secrets[@]} -eq 0 ] || flags+=("--update-secrets=$(joined , "${secrets[@]}")")
    local name plain=() secret=()
    for name in "${unset[@]}"; do
        if [ -n "$(value_of "$name")" ]; then plain+=("$name"); else secret+=("$name"); fi
    done
    [ ${#plain[@]} -eq 0 ] || flags+=("--remove-env-vars=$(joined , "${plain[@]}")")
    [ ${#secret[@]} -eq 0 ] || flags+=("--remove-secrets=$(joined , "${secret[@]}")")
    run gcloud run deploy "$service" "${where[@]}" --image="$image" --service-account="$account" \
        "${flags[@]}" --port=8080 --cpu=2 --memory=4Gi \
        --concurrency=16 --timeout="$(timeout_s)" --min-instances=0 --max-instances=10 --no-cpu-throttling \
        --cpu-boost --execution-environment=gen2 --no-invoker-iam-check \
        --startup-probe=httpGet.path=/api/v1/health,httpGet.port=8080,periodSeconds=2,timeoutSeconds=2,failureThreshold=30 \
        --liveness-probe=httpGet.path=/api/v1/health/live,httpGet.port=8080,periodSeconds=30,timeoutSeconds=5,failureThreshold=3 \
        --quiet "$@"
}

confirm() {
    [ -z "$yes$dry_run" ] && [ -t 0 ] || return 0
    local answer
    read -r -p "Deploy $service to $project ($region)? [y/N] " answer
    [ "$answer" = y ] || fail "stopped"
}

first_deployment() {
    deploy
    healthy "$url" "$wait" || fail "$url is not healthy; see DEPLOYMENT.md, \"Troubleshooting\""
}

give_up() {
    echo "$script: $1; all traffic goes back to $stable" >&2
    traffic "$stable=100"
    exit 1
}

# A failure of gcloud itself on the way is no reason to leave the canary its share.
replace() {
    local stable canary_url new
    stable=$(serving)
    [ -n "$stable" ] || fail "the service has no revision with traffic"
    deploy --no-traffic --tag=canary || fail "the new revision did not start; $stable serves"
    new=$(describe "$service-NEW" 'value(status.latestCreatedRevisionName)')
    canary_url=$(describe "canary https://canary---$service-URL" \
        'value[separator=" "](status.traffic.tag,status.traffic.url)' --flatten=status.traffic |
        sed -n 's/^canary *//p')
    healthy "$canary_url" "$wait" || give_up "$new is not healthy"
    extracts "$canary_url" || give_up "$new does not extract"
    traffic "$new=$canary,$stable=$((100 - canary))" || give_up "the traffic cannot be split"
    watched "$canary_url" "$watch" "$new" || give_up "$new failed with $canary % of the traffic"
    traffic "$new=100" || give_up "the traffic cannot be moved"
    healthy "$url" "$wait" || give_up "$url is not healthy with $new"
}

if [ -n "$rollback" ]; then
    roll_back
    exit 0
fi
exists=""
read_present
service_url
choose_settings
url=$(chosen API_BASE_URL)
echo "Settings of $service:"
show_plan
confirm
build_image
make_tables || echo "$script: the analysts' tables are not as they should be; the service runs without" >&2
if [ -n "$exists$dry_run" ]; then
    replace
else
    first_deployment
fi
echo "Deployed: $url"
