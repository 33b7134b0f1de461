FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY audit ./audit
COPY constraints ./constraints
# The environment gets no pip of its own: that of this stage installs into it.
RUN python -m venv --without-pip /opt/kube-patrol \
 && pip --python /opt/kube-patrol/bin/python install --no-cache-dir --only-binary google-re2,orjson,cryptography,confluent-kafka \
    '.[crypto,graphql,kafka]'

FROM python:3.13-slim
COPY --from=build /opt/kube-patrol /opt/kube-patrol
# What `patrol demo` shows.
COPY manifests/crds /opt/kube-patrol/share/kube-patrol/manifests/crds
COPY manifests/samples /opt/kube-patrol/share/kube-patrol/manifests/samples
COPY manifests/optional /opt/kube-patrol/share/kube-patrol/manifests/optional
ENV PATH=/opt/kube-patrol/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
# A number, so that Kubernetes can tell that it is not root.
USER 65532:65532
# /metrics, and /healthz with /readyz
EXPOSE 8888 9090
ENTRYPOINT ["patrol"]
CMD ["run"]
