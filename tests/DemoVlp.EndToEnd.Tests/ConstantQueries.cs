using DemoVlp.Client;

namespace DemoVlp.EndToEnd.Tests;

/// <summary>A client app that searches and asks all the time, one after the other, and never a second time: a request that fails ends it.</summary>
internal sealed class ConstantQueries(DemoVlpClient client, IReadOnlyList<Guid> videos) : IDisposable
{
    private readonly Lock told = new();
    private readonly List<string> searched = [], answered = [];

    /// <summary>Which model answered each search.</summary>
    public IReadOnlyList<string> Searched
    {
        get { lock (told) return [.. searched]; }
    }

    /// <summary>Which model answered each question.</summary>
    public IReadOnlyList<string> Answered
    {
        get { lock (told) return [.. answered]; }
    }

    public void Dispose() => client.Dispose();

    /// <summary>Asks until it is told to stop.</summary>
    public async Task AskAsync(Func<bool> stop, CancellationToken cancellationToken)
    {
        for (var turn = 0; !stop(); turn++)
        {
            var found = await client.SearchAsync("a red square moves right", videos.Count, cancellationToken);
            // Whoever answers knows every video, not only those embedded so far.
            Assert.Equal(videos.Order(), found.Items.Select(hit => hit.VideoId).Order());
            var said = await client.AskAsync(videos[turn % videos.Count], "what color is the square?", 1, cancellationToken);
            lock (told)
            {
                searched.Add(found.ModelVersion);
                answered.Add(said.ModelVersion);
            }
        }
    }
}
