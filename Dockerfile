# A fake of the licence analytics API. See docs/container.md.
ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS wheel
WORKDIR /source
COPY . .
RUN python -m venv /build && /build/bin/pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:${PYTHON}-slim AS installed
COPY constraints.txt /
COPY --from=wheel /wheels /wheels
RUN python -m venv --without-pip /opt/partner-insights \
    && python -m venv /build \
    && /build/bin/pip --python /opt/partner-insights/bin/python install --no-cache-dir -c /constraints.txt /wheels/*.whl

FROM python:${PYTHON}-slim
# The base comes without bytecode of the standard library, and the user below cannot store any: every start would compile it.
RUN python -m compileall -q -x '/(ensurepip|idlelib|pydoc_data|site-packages|tkinter|turtledemo)/' /usr/local/lib/python3.*
COPY --from=installed /opt/partner-insights /opt/partner-insights
ENV PATH=/opt/partner-insights/bin:$PATH
USER 65532:65532
EXPOSE 8010
HEALTHCHECK --interval=5s --timeout=10s --start-period=10s CMD ["partner-insights", "health"]
ENTRYPOINT ["partner-insights"]
CMD ["serve", "--host", "0.0.0.0"]
