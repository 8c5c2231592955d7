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

  --project P       the project (GCP_PROJECT_ID)
  --region R        (us-central1)
  --service S       name of the service (pdf-ocr-api)
  --bucket B        bucket of uploads and results (P-pdf-ocr)
  --processor ID    Document AI processor (GCP_PROCESSOR_ID); without, scans are read by Tesseract
  --processor-location L  (us)
  --dataset D       BigQuery dataset (data_hero)
  --origins LIST    origins of web clients, comma separated
  --url U           where clients reach the service, where it is not Cloud Run's own address
  --gemini          use Gemini, with the secret gemini-api-key
  --image I         this image; else one is built by Cloud Build from this folder
  --wait S          for how many seconds a revision may take to be healthy (120)
  --canary N        per cent of the traffic that tries the new revision first (10)
  --watch S         for how many seconds it is watched with that (60)
  --rollback [REV]  all traffic to the revision before, or to REV
  --yes             do not ask before the first change
  --dry-run         print every command, run none
TEXT
}

project=${GCP_PROJECT_ID:-} region=us-central1 service=pdf-ocr-api bucket="" url="" image=""
processor=${GCP_PROCESSOR_ID:-} processor_location=us dataset=data_hero origins="" gemini=""
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
    --gemini) gemini=yes; shift ;;
    --image) image=$2; shift 2 ;;
    --wait) wait=$2; shift 2 ;;
    --canary) canary=$2; shift 2 ;;
    --watch) watch=$2; shift 2 ;;
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
bucket=${bucket:-$project-pdf-ocr}
account=pdf-ocr-api@$project.iam.gserviceaccount.com
tasks_account=pdf-ocr-tasks@$project.iam.gserviceaccount.com
where=(--project="$project" --region="$region")

describe() { # placeholder, format, further flags...
    local placeholder=$1 format=$2
    shift 2
    ask "$placeholder" gcloud run services describe "$service" "${where[@]}" --format="$format" "$@"
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

# Every answer must be good while the canary has its share.
watched() { # URL, seconds
    local until=$((SECONDS + $2))
    while [ -z "$dry_run" ] && [ "$SECONDS" -lt "$until" ]; do
        ready "$1" || return 1
        sleep 1
    done
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
    if [ -z "$url" ]; then
        number=$(ask PROJECT_NUMBER gcloud projects describe "$project" \
            --format='value(projectNumber)')
        url=https://$service-$number.$region.run.app
    fi
}

build_image() {
    [ -z "$image" ] || return 0
    local revision
    revision=$(git rev-parse --short=12 HEAD 2>/dev/null || date -u +%Y%m%d%H%M%S)
    image=$region-docker.pkg.dev/$project/pdf-ocr/pdf-ocr-api:$revision
    run gcloud builds submit . --project="$project" --config=cloudbuild.yaml \
        --substitutions="_REGION=$region,_IMAGE=$image,_REVISION=$revision,_DEPLOY=no"
}

# Tables and views for analysts; what is there is never changed.
make_tables() {
    run gcloud run jobs deploy "$service-tables" "${where[@]}" --image="$image" \
        --service-account="$account" --command=pdf-ocr-migrate --args=--create-tables \
        --set-env-vars="GCP_PROJECT_ID=$project,BIGQUERY_DATASET=$dataset" --max-retries=1 \
        --execute-now --wait --quiet
}

# TASK_DEADLINE_S: nginx waits 10 s longer, and Cloud Run's own limit is 300 s. The pools and the
# concurrency: DEPLOYMENT.md, "Scaling".
deploy() { # further flags...
    local secrets=API_KEY=pdf-ocr-api-key:latest
    local settings="BACKEND=google|GCP_PROJECT_ID=$project|GCS_BUCKET_NAME=$bucket"
    settings="$settings|API_BASE_URL=$url|TASKS_SERVICE_ACCOUNT=$tasks_account"
    settings="$settings|TASK_QUEUE_LOCATION=$region|BIGQUERY_DATASET=$dataset"
    settings="$settings|GCP_LOCATION=$processor_location|GCP_PROCESSOR_ID=$processor"
    settings="$settings|CORS_ORIGINS=$origins|TRUSTED_PROXIES=any|DATA_DIR=/tmp/data"
    settings="$settings|API_WORKERS=4|TASK_WORKERS=4|NGINX_WORKERS=2|TASK_DEADLINE_S=285"
    settings="$settings|READER_MEMORY_BYTES=402653184"
    [ -z "$gemini" ] || secrets=$secrets,GEMINI_API_KEY=gemini-api-key:latest
    run gcloud run deploy "$service" "${where[@]}" --image="$image" --service-account="$account" \
        --set-env-vars="^|^$settings" --set-secrets="$secrets" --port=8080 --cpu=2 --memory=2Gi \
        --concurrency=16 --timeout=300 --min-instances=0 --max-instances=10 --no-cpu-throttling \
        --cpu-boost --execution-environment=gen2 --allow-unauthenticated \
        --startup-probe=httpGet.path=/api/v1/health/ready,httpGet.port=8080,periodSeconds=2,timeoutSeconds=2,failureThreshold=30 \
        --liveness-probe=httpGet.path=/api/v1/health,httpGet.port=8080,periodSeconds=30,timeoutSeconds=5,failureThreshold=3 \
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
    traffic "$new=$canary,$stable=$((100 - canary))" || give_up "the traffic cannot be split"
    watched "$canary_url" "$watch" || give_up "$new failed with $canary % of the traffic"
    traffic "$new=100" || give_up "the traffic cannot be moved"
    healthy "$url" "$wait" || give_up "$url is not healthy with $new"
}

if [ -n "$rollback" ]; then
    roll_back
    exit 0
fi
confirm
service_url
build_image
make_tables || echo "$script: the analysts' tables are not as they should be; the service runs without" >&2
if there gcloud run services describe "$service" "${where[@]}" || [ -n "$dry_run" ]; then
    replace
else
    first_deployment
fi
echo "Deployed: $url"
