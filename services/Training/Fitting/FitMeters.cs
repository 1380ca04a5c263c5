using System.Diagnostics.Metrics;
using DemoVlp.ServiceDefaults;

namespace DemoVlp.Training.Fitting;

/// <summary>The run under way as metrics, told apart by task alone: ids of runs would make a series each.</summary>
/// <param name="task">What is learnt.</param>
internal sealed class FitMeters(string task)
{
    private static readonly Counter<long> Steps = Telemetry.Meter.CreateCounter<long>("demovlp.training.steps", "{step}", "Optimiser steps taken.");
    private static readonly Gauge<double> Loss = Telemetry.Meter.CreateGauge<double>("demovlp.training.loss", description: "Total loss of the last step.");
    private static readonly Gauge<double> Rate = Telemetry.Meter.CreateGauge<double>("demovlp.training.learning_rate", description: "Learning rate of the last step.");
    private static readonly Gauge<double> Speed = Telemetry.Meter.CreateGauge<double>("demovlp.training.samples_per_second", "{sample}/s", "Pairs of a clip and a text learnt from per second.");
    private static readonly Gauge<double> Validation = Telemetry.Meter.CreateGauge<double>(
        "demovlp.training.validation", description: "Last validation, from 0 to 1: accuracy of answers, or geometric mean of R@1, R@5 and R@10.");

    private readonly KeyValuePair<string, object?> tag = new("task", task);

    public void Stepped(double loss, double learningRate, double samplesPerSecond)
    {
        Steps.Add(1, tag);
        Loss.Record(loss, tag);
        Rate.Record(learningRate, tag);
        Speed.Record(samplesPerSecond, tag);
    }

    public void Validated(IReadOnlyDictionary<string, double> metrics) =>
        Validation.Record(metrics.TryGetValue("accuracy", out var accuracy) ? accuracy : metrics["geometricMean"] / 100, tag);
}
