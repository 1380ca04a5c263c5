using DemoVlp.Contracts.Http;

namespace DemoVlp.Client;

public sealed partial class DemoVlpClient
{
    /// <summary>Queues a training run.</summary>
    public Task<TrainingRun> StartTrainingAsync(TrainingRunRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "training-runs", request, ClientJson.Default.TrainingRunRequest, ClientJson.Default.TrainingRun, cancellationToken);

    /// <summary>What a run would take, without starting it.</summary>
    public Task<TrainingEstimate> EstimateTrainingAsync(TrainingRunRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "training-runs/estimate", request, ClientJson.Default.TrainingRunRequest, ClientJson.Default.TrainingEstimate, cancellationToken);

    /// <summary>All training runs, newest first.</summary>
    public IAsyncEnumerable<TrainingRun> ListTrainingRunsAsync(CancellationToken cancellationToken = default) => ListAsync("training-runs", ClientJson.Default.PageTrainingRun, cancellationToken);

    /// <summary>One training run.</summary>
    public Task<TrainingRun> GetTrainingRunAsync(Guid id, CancellationToken cancellationToken = default) => GetAsync($"training-runs/{id}", ClientJson.Default.TrainingRun, cancellationToken);

    /// <summary>How a run is doing, until it has ended.</summary>
    public IAsyncEnumerable<TrainingRun> WatchTrainingRunAsync(Guid id, CancellationToken cancellationToken = default) => WatchAsync($"training-runs/{id}/events", ClientJson.Default.TrainingRun, cancellationToken);

    /// <summary>A run's TensorBoard event file.</summary>
    /// <returns>A stream to be disposed.</returns>
    public Task<Stream> OpenTensorBoardAsync(Guid id, CancellationToken cancellationToken = default) => OpenAsync($"training-runs/{id}/tensorboard", 0, cancellationToken);

    /// <summary>Losses and validations of a run as an SVG picture.</summary>
    /// <returns>A stream to be disposed.</returns>
    public Task<Stream> OpenLossesAsync(Guid id, CancellationToken cancellationToken = default) => OpenAsync($"training-runs/{id}/losses.svg", 0, cancellationToken);

    /// <summary>Stops a run; its last checkpoint is kept.</summary>
    public Task<TrainingRun> CancelTrainingAsync(Guid id, CancellationToken cancellationToken = default) => PostAsync($"training-runs/{id}/cancel", ClientJson.Default.TrainingRun, cancellationToken);

}
