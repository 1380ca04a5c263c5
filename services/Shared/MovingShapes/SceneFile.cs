using System.Text.Json;

namespace DemoVlp.MovingShapes;

/// <summary>
/// The truth about clips, a line of JSON for each: <c>id</c>, <c>split</c>, <c>video</c> (relative path), <c>width</c>, <c>height</c>, <c>frames</c>,
/// <c>fps</c>, <c>background</c>, <c>objects</c> (traits; <c>boxes</c>: x1, y1, x2, y2 in pixels of each frame, hidden parts included; <c>visible</c>: the
/// share that is not hidden in each frame), <c>captions</c>, <c>questions</c> and <c>choices</c>.
/// </summary>
public static class SceneFile
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <summary>Writes the file.</summary>
    public static void Write(string path, IEnumerable<Clip> clips) => File.WriteAllLines(path, clips.Select(Line));

    private static string Line(Clip clip) => JsonSerializer.Serialize(new
    {
        clip.Scene.Id,
        Split = Vocabulary.Name(clip.Split),
        Video = $"videos/all/{clip.Scene.Id}.mp4",
        Scene.Width,
        Scene.Height,
        Frames = Scene.FrameCount,
        Fps = Scene.FrameRate,
        Background = Vocabulary.Name(clip.Scene.Background.Kind),
        Objects = clip.Scene.Objects.Select((o, i) => new
        {
            Shape = Vocabulary.Name(o.Traits.Shape),
            Color = Vocabulary.Name(o.Traits.Color),
            Size = Vocabulary.Name(o.Traits.Size),
            Motion = Vocabulary.Name(o.Traits.Motion),
            Boxes = Frames(f => o.Box(f) is var b ? new[] { b.Left, b.Top, b.Right, b.Bottom }.Select(v => Math.Round(v, 2)) : []),
            Visible = Frames(f => Math.Round(clip.Scene.VisibleShare(i, f), 3)),
        }),
        clip.Captions,
        Questions = clip.Questions.Select(q => new { q.Kind, Question = q.Text, q.Answer }),
        clip.Choices,
    }, Json);

    private static IEnumerable<T> Frames<T>(Func<int, T> of) => Enumerable.Range(0, Scene.FrameCount).Select(of);
}
