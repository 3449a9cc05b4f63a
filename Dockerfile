# A fake of the licence analytics API. See docs/container.md.
ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS wheel
WORKDIR /source
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:${PYTHON}-slim AS installed
COPY constraints.txt /
RUN --mount=from=wheel,source=/wheels,target=/wheels \
    python -m venv /opt/partner-insights \
    && /opt/partner-insights/bin/pip install --no-cache-dir -c /constraints.txt /wheels/*.whl \
    && /opt/partner-insights/bin/pip uninstall --yes pip

FROM python:${PYTHON}-slim
COPY --from=installed /opt/partner-insights /opt/partner-insights
ENV PATH=/opt/partner-insights/bin:$PATH
USER 65532:65532
EXPOSE 8010
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --start-interval=500ms \
    CMD ["partner-insights", "health"]
ENTRYPOINT ["partner-insights"]
CMD ["serve", "--host", "0.0.0.0"]
