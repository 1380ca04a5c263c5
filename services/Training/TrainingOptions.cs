using System.ComponentModel.DataAnnotations;

namespace DemoVlp.Training;

/// <summary>Settings below <c>Training</c>.</summary>
public sealed class TrainingOptions
{
    /// <summary>Optimiser steps between two checkpoints of a run, besides those at each epoch's end.</summary>
    [Range(1, 1_000_000)]
    public int CheckpointSteps { get; set; } = 100;

    /// <summary>Newest failed and cancelled runs whose last checkpoint and best weights are kept.</summary>
    [Range(0, 10_000)]
    public int KeepCheckpoints { get; set; } = 3;

    /// <summary>How long a worker that has died keeps others from taking its run.</summary>
    [Range(2, 3600)]
    public int LeaseSeconds { get; set; } = 30;

    /// <summary>Memory for region features of the clips of a run; clips beyond it are read anew for each step.</summary>
    [Range(1, 1_000_000)]
    public int CacheMegabytes { get; set; } = 1024;

    /// <summary>The same in bytes.</summary>
    internal long CacheBytes => CacheMegabytes * (1L << 20);

    /// <summary>Percentage points that the main metric of a model may lie below that of the model that answers, and it is still activated without force.</summary>
    [Range(0, 100)]
    public double GateDrop { get; set; } = 2;

    /// <summary>Folder of model files and of benchmark data sets that may be imported by name; nothing outside it is read. Not set: models are uploaded, and there are no benchmark data sets.</summary>
    public string? ImportFolder { get; set; }

    /// <summary>The longest import by upload in bytes, all files together; 4 GiB if not set.</summary>
    [Range(1, long.MaxValue / 2)]
    public long MaxImportBytes { get; set; } = 4L << 30;
}
