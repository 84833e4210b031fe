#!/bin/sh
# The rules of ../prometheus/rules as one PrometheusRule:  deploy/kubernetes/rules.sh | kubectl apply -f -
# Made when asked for, so that `otel-forgesyte rules write` changes one place.
set -eu
cd "$(dirname "$0")/../prometheus/rules"
cat <<'HEAD'
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: forgesyte
  namespace: forgesyte
  labels: {app.kubernetes.io/part-of: forgesyte, release: kube-prometheus-stack}
spec:
  groups:
HEAD
for file in *.yml; do
  sed -e '/^#/d' -e '/^groups:/d' -e 's/^/  /' "$file"
done
