using System.Text.Json;
using DemoVlp.Client;
using DemoVlp.Contracts.Http;

namespace DemoVlp.EndToEnd.Tests;

/// <summary>What a client app does with things that take their time: starts them and follows their events to the end.</summary>
internal static class Following
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(4);

    /// <summary>Makes a data set of moving shapes, the same for the same numbers.</summary>
    public static Task<Dataset> MovingShapesAsync(this DemoVlpClient client, string name, int seed, int clips, CancellationToken cancellationToken) =>
        client.CreateDatasetAsync(new DatasetRequest
        {
            Name = name, Format = "moving-shapes",
            Options = new Dictionary<string, JsonElement> { ["seed"] = JsonSerializer.SerializeToElement(seed), ["clips"] = JsonSerializer.SerializeToElement(clips) },
        }, cancellationToken);

    /// <summary>The model that answers a task.</summary>
    public static async Task<Model> ActiveAsync(this DemoVlpClient client, string task, CancellationToken cancellationToken) =>
        await client.ListModelsAsync(cancellationToken).SingleAsync(model => model.Active && model.Task == task, cancellationToken);

    /// <summary>Measures, and waits for the result.</summary>
    public static async Task<Evaluation> MeasureAsync(this DemoVlpClient client, EvaluationRequest request, CancellationToken cancellationToken)
    {
        var evaluation = await client.StartEvaluationAsync(request, cancellationToken);
        return await LastAsync("the evaluation", token => client.WatchEvaluationAsync(evaluation.Id, token), cancellationToken);
    }

    /// <summary>Trains, and waits for the end.</summary>
    public static async Task<TrainingRun> TrainAsync(this DemoVlpClient client, TrainingRunRequest request, CancellationToken cancellationToken)
    {
        var run = await client.StartTrainingAsync(request, cancellationToken);
        return await LastAsync("the training run", token => client.WatchTrainingRunAsync(run.Id, token), cancellationToken);
    }

    /// <summary>Puts a model in service, and waits until it answers.</summary>
    public static async Task SwitchToAsync(this DemoVlpClient client, string version, CancellationToken cancellationToken)
    {
        await client.ActivateModelAsync(version, force: true, cancellationToken);
        var model = await LastAsync("the activation", token => client.WatchModelAsync(version, token), cancellationToken);
        Assert.True(model.Active, $"{version} is {model.Activation}: {model.ActivationDetails?.Failure}");
    }

    private static async Task<T> LastAsync<T>(string what, Func<CancellationToken, IAsyncEnumerable<T>> watch, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(Long);
        try
        {
            return await watch(deadline.Token).LastAsync(deadline.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"Not within {Long.TotalSeconds:0} s: {what} has ended.");
        }
    }
}
