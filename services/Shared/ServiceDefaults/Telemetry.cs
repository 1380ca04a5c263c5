using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace DemoVlp.ServiceDefaults;

/// <summary>The product's own traces and metrics. MassTransit adds those of the queues.</summary>
public static class Telemetry
{
    /// <summary>Name of the activity source and of the meter.</summary>
    public const string Name = "DemoVlp";

    /// <summary>Spans of work that is neither HTTP nor a message.</summary>
    public static readonly ActivitySource Source = new(Name);

    /// <summary>The product's meter.</summary>
    public static readonly Meter Meter = new(Name);

    private static readonly Histogram<double> Stage = Meter.CreateHistogram<double>(
        "demovlp.stage.duration", "s", "Time one stage took for one video, tag stage and outcome.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300] });

    /// <summary>Records how long a stage took. <paramref name="outcome"/> is <c>done</c>, <c>reused</c> or a failure code.</summary>
    public static void RecordStage(string stage, string outcome, TimeSpan duration) =>
        Stage.Record(duration.TotalSeconds, new("stage", stage), new("outcome", outcome));
}
