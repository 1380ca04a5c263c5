using System.ComponentModel.DataAnnotations;

namespace DemoVlp.Training;

/// <summary>Settings below <c>Training</c>.</summary>
public sealed class TrainingOptions
{
    /// <summary>Optimiser steps between two checkpoints of a run, besides those at each epoch's end.</summary>
    [Range(1, 1_000_000)]
    public int CheckpointSteps { get; set; } = 100;

    /// <summary>How long a worker that has died keeps others from taking its run.</summary>
    [Range(2, 3600)]
    public int LeaseSeconds { get; set; } = 30;

    /// <summary>Memory for region features of the clips of a run; clips beyond it are read anew for each step.</summary>
    [Range(1, 1_000_000)]
    public int CacheMegabytes { get; set; } = 1024;

    /// <summary>Folder below which the files of benchmark data sets lie. Unset: none can be made.</summary>
    public string? ImportFolder { get; set; }
}
