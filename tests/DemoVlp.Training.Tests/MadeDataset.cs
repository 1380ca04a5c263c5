using DemoVlp.Contracts.Http;
using DemoVlp.Training.Datasets;

namespace DemoVlp.Training.Tests;

/// <summary>A data set of six clips, each with captions and questions, in the splits <c>train</c> and <c>val</c>: what is measured on is what is learnt.</summary>
internal sealed class MadeDataset(IReadOnlyList<Clip> clips, IReadOnlyList<Clip>? learnt = null) : IDataset
{
    private static readonly string[] Colours = ["red", "blue", "green", "yellow", "white", "purple"], Shapes = ["circle", "square", "star", "heart", "cross", "ring"];

    public string Name => "made";

    public bool MakesFeatures => false;

    public static async Task<MadeDataset> CreateAsync(TrainingApp app, CancellationToken stop)
    {
        var clips = new List<Clip>();
        for (var i = 0; i < Colours.Length; i++)
        {
            clips.Add(new Clip
            {
                Id = $"clip-{i}", Regions = new ClipRegions(await app.WriteRegionsAsync(new Guid(i + 1, 0, 0, new byte[8]), i, stop)),
                Captions = [$"a {Colours[i]} {Shapes[i]}", $"a {Shapes[i]}"],
                Choices = [new([$"a {Colours[(i + 1) % Colours.Length]} {Shapes[i]}", $"a {Colours[i]} {Shapes[i]}", $"a {Colours[i]} {Shapes[(i + 1) % Shapes.Length]}"], 1)],
                Questions = [new("what color is it", Colours[i], "color"), new("what is it", Shapes[i], "what"), new("what is it not", "", "what")],
            });
        }
        var made = new MadeDataset(clips);
        app.Datasets[made.Name] = made;
        return made;
    }

    /// <summary>The same to measure on, and every answer wrong to learn from.</summary>
    public MadeDataset Misleading() => new(clips, [.. clips.Select((clip, i) => clip with { Questions = [.. clip.Questions.Zip(clips[(i + 1) % clips.Count].Questions, (own, other) => own with { Answer = other.Answer })] })]);

    public Task<IReadOnlyList<string>> SplitsAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<string>>([Splits.Train, Splits.Val]);

    public Task PrepareAsync(IReadOnlyList<string> splits, IProgress<PrepareProgress>? progress, CancellationToken cancellationToken)
    {
        progress?.Report(new PrepareProgress(clips.Count, clips.Count));
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<Clip>> ListAsync(string split, CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<Clip>>(
        split == Splits.Train ? [.. learnt ?? clips, new Clip { Id = "blind", Captions = ["nobody sees this"], Missing = "It was never extracted." }] : clips);

    public async Task<IReadOnlyList<Clip>> PageAsync(string split, string? after, int take, CancellationToken cancellationToken) =>
        [.. (await ListAsync(split, cancellationToken)).SkipWhile(c => after is not null && c.Id != after).Skip(after is null ? 0 : 1).Take(take)];

    public IAsyncEnumerable<UnusableClip> UnusableAsync(int most, CancellationToken cancellationToken) => AsyncEnumerable.Empty<UnusableClip>();
}
