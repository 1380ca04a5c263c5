using System.Globalization;
using System.Text;
using DemoVlp.Training.Fitting;

namespace DemoVlp.Training.Runs;

/// <summary>Draws the history of a run's losses as an SVG picture: losses on the left axis, the last validations in percent on the right.</summary>
internal static class LossChart
{
    private const int Width = 800, Height = 360, Left = 60, Right = 60, Top = 30, Bottom = 40, Ticks = 4;

    private static readonly (string Name, string Colour)[] Lines = [("total", "#1f4e9e"), ("global", "#3a9a5b"), ("local", "#c77d1a"), ("choice", "#7a5195")];

    /// <summary>The picture; one that says so if nothing has happened yet.</summary>
    public static string Draw(LossHistory history)
    {
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" font-family=\"sans-serif\" font-size=\"12\" role=\"img\" aria-label=\"Losses of the training run\">");
        svg.Append(CultureInfo.InvariantCulture, $"<rect width=\"{Width}\" height=\"{Height}\" fill=\"#fff\"/>");
        if (history.Points.Count == 0) return svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Width / 2}\" y=\"{Height / 2}\" text-anchor=\"middle\">No steps yet.</text></svg>").ToString();
        var steps = history.Points[^1].Step;
        var highest = Math.Max(1e-6, history.Points.Max(p => p.Losses.Values.Max()));
        var validations = history.Validations.Select(v => (v.Step, Percent: v.Metrics.TryGetValue("accuracy", out var accuracy) ? 100 * accuracy : v.Metrics["geometricMean"])).ToList();

        Axes(svg, steps, highest, validations.Count > 0);
        var drawn = Lines.Where(l => history.Points.Exists(p => p.Losses.GetValueOrDefault(l.Name) != 0)).Where((l, i) => i == 0 || history.Points[0].Losses.Count > 1).ToList();
        var legend = Left + 10.0;
        foreach (var (name, colour) in drawn)
        {
            Line(svg, colour, history.Points.Select(p => (X(p.Step, steps), Y(p.Losses.GetValueOrDefault(name), highest))));
            legend = Legend(svg, legend, colour, name);
        }
        if (validations.Count > 0)
        {
            const string Colour = "#a0307a";
            Line(svg, Colour, validations.Select(v => (X(v.Step, steps), Y(v.Percent, 100))));
            foreach (var (step, percent) in validations)
                svg.Append(CultureInfo.InvariantCulture, $"<circle cx=\"{X(step, steps):0.#}\" cy=\"{Y(percent, 100):0.#}\" r=\"3\" fill=\"{Colour}\"/>");
            Legend(svg, legend, Colour, history.Validations[0].Metrics.ContainsKey("accuracy") ? "validation: accuracy (%)" : "validation: geometric mean of R@1, R@5, R@10 (%)");
        }
        return svg.Append("</svg>").ToString();
    }

    private static void Axes(StringBuilder svg, int steps, double highest, bool percent)
    {
        for (var i = 0; i <= Ticks; i++)
        {
            var (share, y) = ((double)i / Ticks, Y(i, Ticks));
            svg.Append(CultureInfo.InvariantCulture, $"<line x1=\"{Left}\" y1=\"{y:0.#}\" x2=\"{Width - Right}\" y2=\"{y:0.#}\" stroke=\"#ddd\"/>");
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left - 6}\" y=\"{y + 4:0.#}\" text-anchor=\"end\">{highest * share:0.###}</text>");
            if (percent) svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Width - Right + 6}\" y=\"{y + 4:0.#}\">{100 * share:0}</text>");
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{X(share, 1):0.#}\" y=\"{Height - Bottom + 18}\" text-anchor=\"middle\">{steps * share:0}</text>");
        }
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Width / 2}\" y=\"{Height - 6}\" text-anchor=\"middle\">step</text>");
    }

    private static void Line(StringBuilder svg, string colour, IEnumerable<(double X, double Y)> points)
    {
        var path = string.Join(' ', points.Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.X:0.#},{p.Y:0.#}")));
        svg.Append(CultureInfo.InvariantCulture, $"<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\" points=\"{path}\"/>");
    }

    private static double Legend(StringBuilder svg, double x, string colour, string text)
    {
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{x:0}\" y=\"18\" fill=\"{colour}\">{text}</text>");
        return x + 8 * text.Length + 16;
    }

    private static double X(double value, double most) => Left + (Width - Left - Right) * value / most;

    private static double Y(double value, double most) => Height - Bottom - (Height - Top - Bottom) * value / most;
}
