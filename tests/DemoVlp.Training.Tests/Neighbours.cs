using System.Collections.Concurrent;
using DemoVlp.Artifacts;
using DemoVlp.Contracts.Models;
using DemoVlp.Contracts.Text;
using DemoVlp.Contracts.Videos;
using DemoVlp.Modeling.Serialization;
using MassTransit;

namespace DemoVlp.Training.Tests;

/// <summary>How the stand-ins for the other services behave, and what they were asked.</summary>
internal sealed class Neighbours
{
    /// <summary>Whether TextTokenization answers.</summary>
    public volatile bool Tokenizes = true;

    /// <summary>Code of a failure to answer with instead of word pieces.</summary>
    public volatile string? TokenizationFailure;

    /// <summary>What QueryAnswering does with an activation: "rebuild", "fail" or "nothing".</summary>
    public volatile string Index = "nothing";

    /// <summary>Whether a clip's video is answered with regions ("extract"), a failure ("fail") or not at all; by the last part of its file's name.</summary>
    public Func<string, string> Extraction { get; set; } = _ => "extract";

    /// <summary>Hash of the detector that sees a clip, by the last part of its file's name.</summary>
    public Func<string, string?> Detector { get; set; } = _ => null;

    public ConcurrentQueue<VideoUploaded> Videos { get; } = [];
    public ConcurrentQueue<VideoDeleted> Deleted { get; } = [];
    public ConcurrentQueue<ModelActivated> Activations { get; } = [];
    public ConcurrentQueue<TokenizeCorpus> Corpora { get; } = [];
}

/// <summary>TextTokenization in short: whole words of the model's vocabulary.</summary>
internal sealed class TokenizerStandIn(Neighbours neighbours, IArtifactStore artifacts) : IConsumer<TokenizeCorpus>
{
    public async Task Consume(ConsumeContext<TokenizeCorpus> context)
    {
        var request = context.Message;
        neighbours.Corpora.Enqueue(request);
        if (!neighbours.Tokenizes) return;
        if (neighbours.TokenizationFailure is { } code)
        {
            await context.Publish(new CorpusTokenized { CorpusId = request.CorpusId, FailureCode = code, FailureDetail = "It cannot be done." });
            return;
        }
        var vocabulary = (await File.ReadAllLinesAsync(Path.Combine(artifacts.GetLocalDirectory(request.ModelDirectory), "vocab.txt"), context.CancellationToken)).ToList();
        var (ids, offsets) = (new List<int>(), new List<long> { 0 });
        foreach (var line in await File.ReadAllLinesAsync(artifacts.GetLocalPath(request.Texts), context.CancellationToken))
        {
            ids.Add(vocabulary.IndexOf("[CLS]"));
            ids.AddRange(line.Split(' ').Select(w => Math.Max(1, vocabulary.IndexOf(w))));
            ids.Add(vocabulary.IndexOf("[SEP]"));
            offsets.Add(ids.Count);
        }
        var file = new SafetensorsWriter().Add("ids", ids.ToArray(), ids.Count).Add("offsets", offsets.ToArray(), offsets.Count);
        var tokens = await artifacts.WriteAsync($"corpora/{request.CorpusId:n}/tokens.safetensors", "application/octet-stream", (target, _) =>
        {
            file.Write(target);
            return Task.CompletedTask;
        }, context.CancellationToken);
        await context.Publish(new CorpusTokenized { CorpusId = request.CorpusId, Tokens = tokens });
    }
}

/// <summary>FrameSampling and RegionExtraction in short: the regions follow from the video's id.</summary>
internal sealed class ExtractionStandIn(Neighbours neighbours, IArtifactStore artifacts) : IConsumer<VideoUploaded>, IConsumer<VideoDeleted>
{
    public Task Consume(ConsumeContext<VideoDeleted> context)
    {
        neighbours.Deleted.Enqueue(context.Message);
        return Task.CompletedTask;
    }

    public async Task Consume(ConsumeContext<VideoUploaded> context)
    {
        var video = context.Message;
        neighbours.Videos.Enqueue(video);
        var clip = Path.GetFileNameWithoutExtension(video.Source.Key);
        switch (neighbours.Extraction(clip))
        {
            case "extract":
                await context.Publish(await ExtractedAsync(video, artifacts, context.CancellationToken) with { DetectorHash = neighbours.Detector(clip) }, context.CancellationToken);
                break;
            case "fail":
                await context.Publish(new VideoProcessingFailed { VideoId = video.VideoId, Code = FailureCodes.NoFrames, Detail = "There is nothing in it.", Dataset = video.Dataset }, context.CancellationToken);
                break;
        }
    }

    public static async Task<RegionsExtracted> ExtractedAsync(VideoUploaded video, IArtifactStore artifacts, CancellationToken stop)
    {
        var regions = await TrainingApp.WriteRegionsAsync(artifacts, video.VideoId, video.VideoId.ToByteArray()[0], stop);
        return new RegionsExtracted { VideoId = video.VideoId, Regions = regions, RegionCount = 6, Detector = "test", Dataset = video.Dataset };
    }
}

/// <summary>QueryAnswering's answers to activations.</summary>
internal sealed class IndexStandIn(Neighbours neighbours) : IConsumer<ModelActivated>
{
    public async Task Consume(ConsumeContext<ModelActivated> context)
    {
        var asked = context.Message;
        neighbours.Activations.Enqueue(asked);
        if (neighbours.Index == "rebuild")
            await context.Publish(new IndexRebuilt { ActivationId = asked.ActivationId, ModelVersion = asked.ModelVersion, Task = asked.Task, Videos = 0 });
        else if (neighbours.Index == "fail")
            await context.Publish(new IndexRebuildFailed { ActivationId = asked.ActivationId, ModelVersion = asked.ModelVersion, Code = "model-unusable", Detail = "It cannot be loaded." });
    }
}

/// <summary>A clock that can be put forward.</summary>
internal sealed class ShiftedTime : TimeProvider
{
    private long shift;

    public void Forward(TimeSpan by) => Interlocked.Add(ref shift, by.Ticks);

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddTicks(Interlocked.Read(ref shift));
}
