  // A figure is drawn when it comes near the screen, so that long reports open at once.
  // Nothing leaves the page: the button that would upload a figure is taken away.
  const OPTIONS = { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["sendChartToCloud"] };
  const pictures = JSON.parse(document.getElementById("pictures").textContent);
  const withPictures = (name, value) =>
    typeof value === "string" && value.startsWith("picture:") ? pictures[value.slice(8)] : value;
  const draw = (plot) => {
    const source = plot.querySelector("script");
    if (!source) return;
    const figure = JSON.parse(source.textContent, withPictures);
    source.remove();
    Plotly.newPlot(plot, figure.data, figure.layout, OPTIONS);
    // Tools of the pointer: all they show is in the tables, and Tab would stop at each of hundreds.
    const leaveOut = () => plot.querySelectorAll(".modebar-btn").forEach((tool) => { tool.tabIndex = -1; });
    plot.on("plotly_afterplot", leaveOut);
    leaveOut();
  };
  const plots = document.querySelectorAll(".plot");
  const onPaper = () => plots.forEach((plot) => {
    draw(plot);
    plot.screenHeight = plot.layout.height;
    const height = Math.min(plot.screenHeight, PAPER_HEIGHT);
    plot.style.height = `${height}px`;
    Plotly.relayout(plot, { width: PAPER_WIDTH, height, autosize: false });
  });
  const onScreen = () => plots.forEach((plot) => {
    plot.style.height = `${plot.screenHeight}px`;
    if (plot.layout) Plotly.relayout(plot, { width: null, height: plot.screenHeight, autosize: true });
  });
  const watcher = new IntersectionObserver(
    (entries) => entries.filter((e) => e.isIntersecting).forEach((e) => { watcher.unobserve(e.target); draw(e.target); }),
    { rootMargin: "800px" });
  if (location.hash === "#paper") onPaper();
  else plots.forEach((plot) => watcher.observe(plot));
  window.addEventListener("beforeprint", onPaper);
  window.addEventListener("afterprint", onScreen);
