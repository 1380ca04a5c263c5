using DemoVlp.Contracts.Http;

namespace DemoVlp.Client;

public sealed partial class DemoVlpClient
{
    /// <summary>Queues a training run.</summary>
    public Task<TrainingRun> StartTrainingAsync(TrainingRunRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "training-runs", request, ClientJson.Default.TrainingRunRequest, ClientJson.Default.TrainingRun, cancellationToken);

    /// <summary>All training runs, newest first.</summary>
    public IAsyncEnumerable<TrainingRun> ListTrainingRunsAsync(CancellationToken cancellationToken = default) => ListAsync("training-runs", ClientJson.Default.PageTrainingRun, cancellationToken);

    /// <summary>One training run.</summary>
    public Task<TrainingRun> GetTrainingRunAsync(Guid id, CancellationToken cancellationToken = default) => GetAsync($"training-runs/{id}", ClientJson.Default.TrainingRun, cancellationToken);

    /// <summary>How a run is doing, until it has ended.</summary>
    public IAsyncEnumerable<TrainingRun> WatchTrainingRunAsync(Guid id, CancellationToken cancellationToken = default) => WatchAsync($"training-runs/{id}/events", ClientJson.Default.TrainingRun, cancellationToken);

    /// <summary>Stops a run; its last checkpoint is kept.</summary>
    public Task<TrainingRun> CancelTrainingAsync(Guid id, CancellationToken cancellationToken = default) => PostAsync($"training-runs/{id}/cancel", ClientJson.Default.TrainingRun, cancellationToken);

    /// <summary>All models.</summary>
    public IAsyncEnumerable<Model> ListModelsAsync(CancellationToken cancellationToken = default) => ListAsync("models", ClientJson.Default.PageModel, cancellationToken);

    /// <summary>One model.</summary>
    public Task<Model> GetModelAsync(string version, CancellationToken cancellationToken = default) => GetAsync($"models/{Uri.EscapeDataString(version)}", ClientJson.Default.Model, cancellationToken);

    /// <summary>Lets a model answer from now on, as soon as every video is embedded with it. Also the way back to an older one.</summary>
    /// <returns>The model; its <see cref="Model.Activation"/> says how far that is.</returns>
    public Task<Model> ActivateModelAsync(string version, CancellationToken cancellationToken = default) =>
        PostAsync($"models/{Uri.EscapeDataString(version)}/activate", ClientJson.Default.Model, cancellationToken);
}
